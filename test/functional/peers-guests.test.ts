/** What runs on a peer outlives what happens there: people who delete it, a restart. */
import { expect, test } from 'vitest';
import { ECHO, importEcho, missingEcho } from '../support/echo-image.ts';
import { Hosts } from '../support/hosts.ts';

const noEngine = missingEcho();
if (noEngine !== undefined) console.log(`peers-guests.test.ts is partly skipped: ${noEngine}`);

test('a guest that was deleted over there is made again, and the next connection is served', async () => {
  await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
  const { a, b } = world;
  await using service = await b.serve((socket) => socket.pipe(socket), { host: '127.0.0.1' });
  const { port } = await a.daemon.create(`url :0 remote b tail url :${service.port}`);
  const works = async (): Promise<string> => {
    await using client = await a.connect(port);
    await client.send('hello');
    client.finish();
    return (await client.readAll().catch(() => Buffer.alloc(0))).toString();
  };
  expect(await works()).toBe('hello');
  const { wormholes } = await b.daemon.get<{ wormholes: Array<{ id: string }> }>('/v1/wormholes');
  expect(wormholes).toHaveLength(1);
  expect((await b.daemon.wormhole('delete', '--now', wormholes[0]?.id ?? '')).code).toBe(0);
  await expect.poll(works).toBe('hello');
}, 30_000);

test.skipIf(noEngine !== undefined)(
  'the container of a guest outlives a restart of its daemon, serves again, and goes with its wormhole',
  async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: { engine: true } } });
    const { a, b } = world;
    await importEcho(b.engine);
    const spec = ['url', ':0', 'remote', 'b', 'trigger', 'url', ':80', 'docker-run', ECHO];
    const { id, port } = await a.daemon.create(spec);
    const echoed = async (): Promise<string> => {
      await using client = await a.connect(port);
      await client.send('hello');
      return await client.text(5);
    };
    expect(await echoed()).toBe('hello');
    const container = await b.engine.docker(['ps', '-q']);
    await b.daemon[Symbol.asyncDispose]();
    await b.up();
    await expect.poll(() => echoed().catch(() => '')).toBe('hello');
    expect(await b.engine.docker(['ps', '-q'])).toBe(container);
    await a.daemon.wormhole('delete', '--now', id);
    await expect.poll(() => b.engine.docker(['ps', '-q'])).toBe('');
  },
  60_000,
);
