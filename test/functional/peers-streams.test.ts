/**
 * `remote`: a wormhole of one host whose rest runs on another one.
 *
 *     a: client ──► wormholed ══ link ══ wormholed ──► b: targets
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

/** A socket of b that its policy names. */
const target = join(tmpdir(), `wormhole-target-${process.pid}.sock`);
const config = `policy: {verbs: [dial, listen, docker-ns, docker-run, control], targets: [any, {unix: ${target}}], listen: [any], images: ['**']}`;

let world: Hosts & { readonly a: Host; readonly b: Host };
beforeAll(async () => {
  world = await Hosts.start({ hosts: { a: {}, b: { config } } });
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
