/** What all links of one key hold together, over real connections. */
import { expect, test } from 'vitest';
import { LinksEnd } from '../../../test/support/links-end.ts';
import { WormholeError } from '../../lib/errors.ts';
import { LinkMemory } from '../memory.ts';
import type { StreamHead } from './head.ts';

const never = new AbortController().signal;
const head: StreamHead = { kind: 'connection', guest: 'x', from: '127.0.0.1:1', hops: 1 };
const MiB = 1024 * 1024;

test('A22 who fills streams that nobody reads, on however many links, has its bound, and is told of it', async () => {
  const memory = new LinkMemory({ all: 32 * MiB, identity: 8 * MiB });
  const gate = await new LinksEnd('gate', { memory }).listen();
  gate.onStream = (_link, incoming) => {
    gate.incoming.push(incoming);
    incoming.acceptBytes();
  };
  const [a, b, c] = [new LinksEnd('a'), new LinksEnd('b'), new LinksEnd('c')];
  const links = await Promise.all([a.dial(gate.port), b.dial(gate.port)]);
  const refused: unknown[] = [];
  const broken: unknown[] = [];
  let most = 0;
  for (let n = 0; n < 80; n += 1) {
    const link = links[n % 2];
    const stream = await link?.openStream(head, never).catch((error: unknown) => void refused.push(error));
    stream?.on('error', (error) => broken.push(error));
    // All that its window has room for.
    stream?.write(Buffer.alloc(256 * 1024));
    await Promise.all(links.map((one) => one.ping()));
    most = Math.max(most, memory.bytes);
  }
  expect(most).toBeGreaterThan(4 * MiB);
  expect(most).toBeLessThan(9 * MiB);
  expect(refused.length).toBeGreaterThan(40);
  expect(WormholeError.is(refused[0]) && refused[0].code).toBe('WH_ERR_LIMIT');
  expect(broken).toEqual([]);
  await expect(c.dial(gate.port)).rejects.toMatchObject({
    code: 'WH_ERR_LIMIT',
    message: expect.stringContaining('as much memory') as string,
  });
  // The control API is open all the while.
  gate.onStream = (_link, incoming) => incoming.accept().end();
  expect(await (await links[0]?.openStream({ kind: 'api' }, never))?.resume().toArray()).toEqual([]);
  for (const end of [a, b]) await end.close();
  await expect.poll(() => memory.bytes).toBe(0);
  expect((await c.dial(gate.port)).open).toBe(true);
  for (const end of [c, gate]) await end.close();
});

test('A22 streams that were open before hold no more than there is, either: who would hold more is reset', async () => {
  const memory = new LinkMemory({ all: 32 * MiB, identity: 8 * MiB });
  const gate = await new LinksEnd('gate', { memory }).listen();
  gate.onStream = (_link, incoming) => void incoming.acceptBytes();
  const a = new LinksEnd('a');
  const link = await a.dial(gate.port);
  const streams = await Promise.all(Array.from({ length: 80 }, () => link.openStream(head, never)));
  const broken: unknown[] = [];
  let most = 0;
  for (const stream of streams) {
    stream.on('error', (error) => broken.push(error));
    stream.write(Buffer.alloc(256 * 1024));
    await link.ping();
    most = Math.max(most, memory.bytes);
  }
  expect(most).toBeLessThan(9 * MiB);
  await expect.poll(() => broken.length).toBeGreaterThan(40);
  for (const end of [a, gate]) await end.close();
  expect(memory.bytes).toBe(0);
});
