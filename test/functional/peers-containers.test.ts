/**
 * `remote` to containers of another host, examples 4, 6 and 7 of the old README.
 *
 *     a: client ──► (container) ──► wormholed ══ link ══ wormholed ──► b: containers
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole, WormholeDetail } from '../../src/spec/api.ts';
import { ECHO, importEcho, missingEcho } from '../support/echo-image.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`peers-containers.test.ts is skipped: ${missing}`);

/** What comes back to a client in a host that sends and ends. */
async function echoed(host: Host, port: number, text: string): Promise<string> {
  await using client = await host.connect(port);
  await client.send(text);
  return await client.text(text.length);
}

describe.skipIf(missing !== undefined)('remote, with containers', () => {
  let world: Hosts & { readonly a: Host; readonly b: Host };
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { a: { engine: true }, b: { engine: true } } });
    for (const { engine } of [world.a, world.b]) await importEcho(engine);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  afterEach(async () => {
    const { wormholes } = await world.a.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
    const ids = wormholes.map(({ id }) => id);
    if (ids.length > 0) await world.a.daemon.wormhole('delete', '--now', ...ids);
    for (const { engine } of [world.a, world.b]) await engine.clear();
  });

  test('example 4: a container of the other host, on its own loopback', async () => {
    const mysql = await world.b.engine.run({ image: ECHO, command: ['3306'] });
    await world.a.daemon.create(`url :3306 remote b tail docker-ns ${mysql}`);
    expect(await echoed(world.a, 3306, 'select 1')).toBe('select 1');
    await world.a.daemon.create(`url 127.0.0.2:3306 remote b docker-ns ${mysql}`);
    await using client = await world.a.connect({ host: '127.0.0.2', port: 3306 });
    await client.send('once more');
    expect(await client.text(9)).toBe('once more');
  });

  test('example 6: a container that the first connection starts over there, once for all who come', async () => {
    const spec = ['url', ':0', 'trigger', 'remote', 'b', 'trigger', 'url', ':80', 'docker-run', ECHO];
    const { port } = await world.a.daemon.create(spec);
    expect(await world.b.engine.docker(['ps', '-aq'])).toBe('');
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => echoed(world.a, port, `client ${n}`)));
    expect(all).toEqual(Array.from({ length: 20 }, (_, n) => `client ${n}`));
    expect((await world.b.engine.docker(['ps', '-q'])).split('\n')).toHaveLength(1);
  });

  test('example 7: a container here whose own port leads to one over there, neither running before the first client', async () => {
    // It listens only when its database, at its own localhost, has answered.
    const asks = 'until echo up | nc 127.0.0.1 3306 | cat | sh -c "read x"; do usleep 50000; done; exec service 80';
    const words = ['url', ':0', 'trigger', 'url', ':80', 'docker-run', `--entrypoint sh ${ECHO} -c '${asks}'`];
    const child = ['child', 'url', ':3306', 'remote', 'b', 'trigger', 'docker-run', `${ECHO} 3306`];
    const { id, port } = await world.a.daemon.create([...words, ...child]);
    const running = async (): Promise<string[]> =>
      await Promise.all([world.a, world.b].map(({ engine: of }) => of.docker(['ps', '-a', '--format', '{{.Image}}'])));
    expect(await running()).toEqual(['', '']);
    expect(await echoed(world.a, port, 'a page')).toBe('a page');
    expect(await running()).toEqual([ECHO, ECHO]);
    const { segments } = await world.a.daemon.get<WormholeDetail>(`/v1/wormholes/${id}`);
    expect(segments.map(({ peer, state }) => [peer, state])).toEqual([
      [undefined, 'up'],
      [undefined, 'up'],
      ['b', 'up'],
    ]);
    await world.a.daemon.wormhole('delete', '--now', id);
    await until('both are gone', async () => (await running()).join('') === '');
  });

  test('a failed create leaves nothing, here or there', async () => {
    const before = (await world.b.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes.length;
    const { code, stderr } = await world.a.daemon.wormhole(...'create url :7008 remote b docker-ns nobody'.split(' '));
    expect(code).not.toBe(0);
    expect(stderr).toContain('nobody');
    const refused = await world.a.run(['socat', '-', 'TCP:127.0.0.1:7008']);
    expect(refused.stderr).toContain('Connection refused');
    expect((await world.b.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes.length).toBe(before);
    expect((await world.a.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
  });

  test('a container that was started over there goes with its parent', async () => {
    const { id, port } = await world.a.daemon.create(`url :0 remote b trigger url :80 docker-run ${ECHO}`);
    expect(await echoed(world.a, port, 'hello')).toBe('hello');
    await world.a.daemon.wormhole('delete', '--now', id);
    await until('the container is gone', async () => (await world.b.engine.docker(['ps', '-q'])) === '');
  });
});
