/** The end that dialed finds another connection by itself, as long as it takes; the other end waits for that. */
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { breakable, LinksEnd } from '../../../test/support/links-end.ts';

const never = new AbortController().signal;
const connection = { kind: 'connection', guest: 'db', from: '10.0.0.1:5', hops: 0 } as const;

/** Whom nobody reaches through: takes connections, and ends each at once. */
async function inTheWay(port: number): Promise<{ readonly came: () => number; close(): Promise<void> }> {
  let came = 0;
  const server = createServer((socket: Socket) => {
    came += 1;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { came: () => came, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}

describe('a link whose connection is lost', () => {
  let near: LinksEnd;
  let far: LinksEnd;
  beforeEach(async () => {
    near = await new LinksEnd('near').listen();
    far = await new LinksEnd('far').listen();
  });
  afterEach(async () => {
    await Promise.all([near, far].map((end) => end.close()));
  });

  test('is dialed again while nobody answers, and while the wrong one does; then its streams go on', async () => {
    far.onStream = (_link, incoming) => {
      const stream = incoming.accept();
      stream.pipe(stream);
    };
    const before = await breakable(far.port);
    const link = await near.dial(before.port);
    const stream = await link.openStream(connection, never);
    stream.write('one');
    await expect.poll(() => String(stream.read() ?? '')).toBe('one');
    before.close();
    await expect.poll(() => [near.told.at(-1), far.told.at(-1)]).toEqual(['lost', 'lost']);
    const wrong = await inTheWay(before.port);
    await expect.poll(wrong.came).toBeGreaterThan(1);
    await wrong.close();
    stream.end('two');
    const after = await breakable(far.port, before.port);
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('two');
    expect([near.told, far.told].map((told) => told.filter((one) => one === 'resumed').length)).toEqual([1, 1]);
    expect([near.links.all[0], far.links.all[0]?.number]).toEqual([link, 1]);
    after.close();
  }, 20_000);

  test('is dialed no more once it is closed', async () => {
    const before = await breakable(far.port);
    const link = await near.dial(before.port);
    before.close();
    await expect.poll(() => near.told.at(-1)).toBe('lost');
    await near.links.close(0);
    expect(link.over).toBe(true);
    const wrong = await inTheWay(before.port);
    // Whoever is dialed by a link that was given up would have come before this one.
    await expect(near.dial(before.port)).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
    expect(wrong.came()).toBe(1);
    await wrong.close();
  });
});
