/**
 * `remote`: a wormhole of one host whose rest runs on another one.
 *
 *     a: client ──► wormholed ══ link ══ wormholed ──► b: targets, containers
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole, WormholeDetail } from '../../src/spec/api.ts';
import { ECHO, importEcho, missingEcho } from '../support/echo-image.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

const noEngine = missingEcho();
const engine = noEngine === undefined;
if (!engine) console.log(`peers-streams.test.ts is partly skipped: ${noEngine}`);

/** A socket of b that its policy names. */
const target = join(tmpdir(), `wormhole-target-${process.pid}.sock`);
const config = `policy: {verbs: [dial, listen, docker-ns, docker-run, control], targets: [any, {unix: ${target}}], listen: [any], images: ['**']}`;

let world: Hosts & { readonly a: Host; readonly b: Host };
beforeAll(async () => {
  world = await Hosts.start({ hosts: { a: { engine }, b: { engine, config } } });
  if (engine) for (const host of [world.a, world.b]) await importEcho(host.engine);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  rmSync(target, { force: true });
});
afterEach(async () => {
  for (const { daemon } of [world.a, world.b]) {
    const { wormholes } = await daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
    const ids = wormholes.map(({ id }) => id);
    if (ids.length > 0) await daemon.wormhole('delete', '--now', ...ids);
  }
  if (engine) for (const host of [world.a, world.b]) await host.engine.clear();
});

/** What comes back to a client in a host that sends and ends. */
async function echoed(host: Host, port: number, text: string): Promise<string> {
  await using client = await host.connect(port);
  await client.send(text);
  return await client.text(text.length);
}

describe('remote', () => {
  test.each([
    ['by name', (port: number) => `url :0 remote b tail url :${port}`],
    ['by IPv4 address', (port: number) => `url :0 remote ${world.b.site.v4} tail url :${port}`],
    ['by IPv6 address', (port: number) => `url :0 remote [${world.b.site.v6}] tail url :${port}`],
    ['as tcp://HOST:PORT', (port: number) => `url :0 remote tcp://b:9999 tail url :${port}`],
    ['with the port after the link', (port: number) => `url :0 remote b url :${port}`],
    ['lazily', (port: number) => `url :0 trigger remote b tail url :${port}`],
  ])('WF12: an echo on the other host, %s', async (_, spec) => {
    await using server = await world.b.serve((socket) => socket.pipe(socket));
    const { port } = await world.a.daemon.create(spec(server.port));
    expect(await echoed(world.a, port, 'over there')).toBe('over there');
  });

  test('the port of the head is that of the tail, across the link', async () => {
    await using server = await world.b.serve((socket) => socket.pipe(socket), { port: 7007 });
    expect(server.port).toBe(7007);
    await world.a.daemon.create('url :7007 remote b tail');
    expect(await echoed(world.a, 7007, 'same port')).toBe('same port');
  });

  test('F46: each direction ends by itself, and every byte before its end arrives', async () => {
    const data = bytes(3 << 20, 7);
    await using server = await world.b.serve((socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end(Buffer.concat(chunks)));
    });
    const { port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await world.a.connect(port);
    client.socket.end(data);
    expect((await client.readAll()).equals(data)).toBe(true);
  });

  test('XT16: a server that speaks first is heard, also when the client never speaks', async () => {
    await using server = await world.b.serve((socket) => socket.end('220 welcome\r\n'));
    const { port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await world.a.connect(port);
    expect(await client.text()).toBe('220 welcome\r\n');
  });

  test('F45: a target that refuses ends the connection when its time is over, and the peer says why', async () => {
    const { id, port } = await world.a.daemon.create('url :0 remote b tail url :9 connect-timeout 300ms');
    await using client = await world.a.connect(port);
    await client.ending();
    const one = await world.a.daemon.sees(id, 'failed once', ({ stats }) => stats.connectionsFailed === 1);
    expect(one.stats.connectionsOpen).toBe(0);
    await world.a.daemon.logged('connect ECONNREFUSED 127.0.0.1:9');
  });

  test('F43: names behind the link mean what they mean there', async () => {
    world.b.knows('only-there', '127.0.0.1');
    await using server = await world.b.serve((socket) => socket.end('there'));
    const { port } = await world.a.daemon.create(`url :0 remote b tail url only-there:${server.port}`);
    await using client = await world.a.connect(port);
    expect(await client.text()).toBe('there');
    expect((await world.a.daemon.wormhole('create', 'url', ':0', 'tail', 'url', 'only-there:80')).code).not.toBe(0);
  });

  test('from a unix socket here to a unix socket there, if the policy there names it', async () => {
    const there = world.b.start(['socat', `UNIX-LISTEN:${target},fork`, 'EXEC:cat']);
    await until('the target listens', async () => (await world.b.run(['test', '-S', target])).code === 0);
    const head = `${world.a.belongings.folder}/head.sock`;
    await world.a.daemon.create(['url', `unix://${head}`, 'remote', 'b', 'tail', 'url', `unix://${target}`]);
    const { stdout } = await world.a.run(['socat', '-t10', '-', `UNIX-CONNECT:${head}`], {
      stdin: 'from file to file',
    });
    expect(stdout).toBe('from file to file');
    there.child.kill('SIGKILL');
    const other = await world.a.daemon.wormhole(
      'create',
      'url',
      ':0',
      'remote',
      'b',
      'tail',
      'url',
      `unix://${target}2`,
    );
    expect(other).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_POLICY') as string });
  });

  test('deleting the parent ends what runs over there, and connections that live go on', async () => {
    await using server = await world.b.serve((socket) => socket.pipe(socket));
    const { id, port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await world.a.connect(port);
    await client.send('before');
    expect(await client.text(6)).toBe('before');
    expect(await world.a.daemon.wormhole('delete', id)).toMatchObject({ code: 0 });
    await client.send('after');
    expect(await client.text(5)).toBe('after');
    client.finish('');
    expect(await client.ending()).toBe('eof');
    await until('nothing of a runs on b', async () => {
      const { peers } = await world.b.daemon.get<{ peers: { guests: number }[] }>('/v1/peers');
      return peers.every((peer) => peer.guests === 0);
    });
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

  test('ten thousand short streams, a hundred at a time, all answered', async () => {
    await using server = await world.b.serve((socket) => socket.end('ok'));
    const { id, port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    let left = 10_000;
    let answered = 0;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        await using client = await world.a.connect(port);
        if ((await client.text()) === 'ok') answered++;
      }
    };
    await Promise.all(Array.from({ length: 100 }, worker));
    expect(answered).toBe(10_000);
    await world.a.daemon.sees(id, 'at rest', ({ stats }) => stats.connectionsOpen === 0);
    await until('none is left but the one for notices', async () => (await world.a.peer('b')).streams === 1);
  });

  test('XT15, F44: one of a hundred streams stalls, and the others lose nothing and wait for nobody', async () => {
    const data = bytes(1 << 20, 3);
    await using server = await world.b.serve((socket) => void socket.end(data));
    await using endless = await world.b.serve((socket) => {
      const more = (): void => void (socket.destroyed || (socket.write(data) ? setImmediate(more) : 0));
      socket.on('drain', more);
      more();
    });
    const { port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    const stalling = await world.a.daemon.create(`url :0 remote b tail url :${endless.port}`);
    await using stalled = await world.a.connect(stalling.port);
    await stalled.read(1);
    stalled.socket.pause();
    const all = await Promise.all(
      Array.from({ length: 99 }, async () => {
        await using client = await world.a.connect(port);
        return (await client.readAll()).equals(data);
      }),
    );
    expect(all.every(Boolean)).toBe(true);
  });
});

describe.skipIf(!engine)('remote, with containers', () => {
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

  test('a container that was started over there goes with its parent', async () => {
    const { id, port } = await world.a.daemon.create([
      'url',
      ':0',
      'remote',
      'b',
      'trigger',
      'url',
      ':80',
      'docker-run',
      ECHO,
    ]);
    expect(await echoed(world.a, port, 'hello')).toBe('hello');
    await world.a.daemon.wormhole('delete', '--now', id);
    await until('the container is gone', async () => (await world.b.engine.docker(['ps', '-q'])) === '');
  });
});
