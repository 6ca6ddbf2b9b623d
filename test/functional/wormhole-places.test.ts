/**
 * Heads and tails in other namespaces and on socket files.
 *
 *     test's namespace: clients, wormholed ──► blue (an `ip netns` name): servers on its own 127.0.0.1
 *                                          ──► socket files
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { ask, dial, portOf, reach } from '../support/local.ts';
import { Netns } from '../support/netns.ts';
import { connectTo } from '../support/relay-peer.ts';
import { echoServer, namedServer, serve } from '../support/relay-targets.ts';
import { UdpPeer } from '../support/relay-udp.ts';
import { until } from '../support/relay-wait.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();
const inFolder = (name: string): string => join(daemon().of.folder, name);
let blue: Netns;
beforeAll(() => {
  blue = Netns.create();
});
afterAll(() => blue[Symbol.dispose]());

describe('namespaces', () => {
  test('a tail in an `ip netns` namespace, whose port is only there', async () => {
    await using server = await blue.visit(() => namedServer('blue', { host: '127.0.0.1', port: 9200 }));
    expect(await reach(9200)).toBe('ECONNREFUSED');
    const { port, targets } = await daemon().create(`tail url ${blue.name}@:9200`);
    expect(targets).toEqual([`${blue.name}@127.0.0.1:9200`]);
    expect(await ask(port, '!')).toBe('blue!');
    expect(server.accepted).toBe(1);
  });

  test('a head in an `ip netns` namespace is there and not here; its tail is here', async () => {
    await using server = await namedServer('home');
    const { url } = await daemon().create(`url ${blue.name}@:9201 tail url :${portOf(server)}`);
    expect(url).toBe(`tcp://${blue.name}@127.0.0.1:9201`);
    expect(await reach(9201)).toBe('ECONNREFUSED');
    expect(await blue.visit(() => ask(9201, '!'))).toBe('home!');
  });

  test('one port, one address, two namespaces: no loop', async () => {
    await using _server = await namedServer('home', { host: '127.0.0.1', port: 9202 });
    await daemon().create(`url ${blue.name}@:9202 tail url :9202`);
    expect(await blue.visit(() => ask(9202, ''))).toBe('home');
  });

  test('pid:N@ on both sides; the wormhole says so when the process has ended', async () => {
    const sleeper = spawn('nsenter', [`--net=${blue.path}`, 'sleep', '600'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => sleeper.once('exit', resolve));
    try {
      const there = Netns.ofProcess(sleeper.pid as number);
      await expect.poll(() => there.inode).toBe(blue.inode);
      await using _server = await blue.visit(() => echoServer({ host: '127.0.0.1', port: 9203 }));
      const tail = await daemon().create(`tail url pid:${sleeper.pid}@:9203`);
      expect(await ask(tail.port, 'x')).toBe('x');
      const head = await daemon().create(`url pid:${sleeper.pid}@:9204 tail url pid:${sleeper.pid}@:9203`);
      expect(await blue.visit(() => ask(9204, 'y'))).toBe('y');
      sleeper.kill('SIGKILL');
      await ended;
      await daemon().sees(tail.id, 'gone', ({ state, reason }) => state === 'gone' && reason.includes('process'));
      await daemon().sees(head.id, 'gone', ({ state }) => state === 'gone');
      // It is gone when either end is; the head's may be noticed a moment later.
      await expect.poll(() => blue.visit(() => reach(9204))).toBe('ECONNREFUSED');
    } finally {
      sleeper.kill('SIGKILL');
    }
  });

  test('a link-local target of an interface that is only there later', async () => {
    const { port } = await daemon().create(`tail url [fe80::2%cable0]:9206 connect-timeout 200ms`);
    await expect(ask(port, 'x')).rejects.toThrow('ECONNRESET');
    await command('ip', ['link', 'add', 'cable0', 'type', 'veth', 'peer', 'name', 'cable1', 'netns', blue.name]);
    for (const [where, cable, address] of [
      [[], 'cable0', 'fe80::1/64'],
      [['-n', blue.name], 'cable1', 'fe80::2/64'],
    ] as const) {
      await command('ip', [...where, 'link', 'set', cable, 'up']);
      await command('ip', [...where, 'address', 'add', address, 'dev', cable, 'nodad']);
    }
    await using _server = await blue.visit(() => namedServer('over the cable', { host: '::', port: 9206 }));
    await until('it is reached', () =>
      ask(port, '').then(
        (said) => said === 'over the cable',
        () => false,
      ),
    );
    await command('ip', ['link', 'delete', 'cable0']);
  });

  test('XT7: after dials of every kind into a namespace, listeners still land at home', async () => {
    await using _tcp = await blue.visit(() => echoServer({ host: '127.0.0.1', port: 9205 }));
    await using udp = await blue.visit(() => UdpPeer.bind('127.0.0.1', 9205));
    udp.echo();
    const datagrams = await daemon().create(`url udp://:9205 tail url ${blue.name}@:9205`);
    const streams = await daemon().create(`tail url ${blue.name}@:9205`);
    const clients = await Promise.all(Array.from({ length: 16 }, () => UdpPeer.bind()));
    for (const client of clients) await client.send('x', { host: '127.0.0.1', port: datagrams.port });
    for (const client of clients) expect((await client.datagram()).data.toString()).toBe('x');
    for (let i = 0; i < 16; i++) expect(await ask(streams.port, 'x')).toBe('x');
    for (let port = 9210; port < 9222; port++) {
      await daemon().create(`url :${port} tail url ${blue.name}@:9205`);
      expect(await reach(port)).toBe('connected');
      expect(await blue.visit(() => reach(port))).toBe('ECONNREFUSED');
    }
    // A worker that dials at this moment is there for that long.
    const elsewhere = (): readonly string[] =>
      readdirSync(`/proc/${daemon().pid}/task`)
        .map((thread) => readlinkSync(`/proc/${daemon().pid}/task/${thread}/ns/net`))
        .filter((namespace) => namespace !== readlinkSync('/proc/self/ns/net'));
    await expect.poll(elsewhere).toEqual([]);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});

describe('socket files', () => {
  test('a unix head with mode and owner, in front of a port; the file goes with it', async () => {
    await using echo = await echoServer();
    const path = inFolder('head.sock');
    const { id } = await daemon().create(`url unix://${path} mode 0620 owner daemon:adm tail url :${portOf(echo)}`);
    const file = statSync(path);
    const [uid, gid] = ['daemon', 'adm'].map((name, n) => Number(idOf(n === 0 ? '/etc/passwd' : '/etc/group', name)));
    expect({ mode: file.mode & 0o7777, uid: file.uid, gid: file.gid }).toEqual({ mode: 0o620, uid, gid });
    await using client = await connectTo({ path });
    client.finish('by file');
    expect(await client.text()).toBe('by file');
    await daemon().wormhole('delete', id);
    expect(existsSync(path)).toBe(false);
  });

  test("without words for it, a unix head is its owner's alone", async () => {
    const path = inFolder('plain.sock');
    await daemon().create(`url unix://${path} tail url :1`);
    expect(lstatSync(path).mode & 0o7777).toBe(0o600);
  });

  test('unix to unix, both half-closes included', async () => {
    await using target = await serve({ path: inFolder('target.sock') });
    await daemon().create(`url unix://${inFolder('in.sock')} tail url unix://${inFolder('target.sock')}`);
    await using client = await connectTo({ path: inFolder('in.sock') });
    client.finish('question');
    await expect.poll(() => target.peers.length).toBe(1);
    expect(await target.peers[0]?.text()).toBe('question');
    target.peers[0]?.finish('answer');
    expect(await client.text()).toBe('answer');
  });

  test('A33: a stale socket file is replaced; a living one, and a file of another kind, never', async () => {
    const path = inFolder('taken.sock');
    const words = ['create', 'url', `unix://${path}`, 'tail', 'url', ':1'];
    {
      await using _living = await serve({ path });
      const refused = await daemon().wormhole(...words);
      expect(refused).toMatchObject({ code: 73, stderr: expect.stringContaining('another program') as string });
      await using _client = await connectTo({ path });
    }
    writeFileSync(path, 'precious');
    expect((await daemon().wormhole(...words)).code).toBe(73);
    expect(readFileSync(path, 'utf8')).toBe('precious');
    await command('rm', [path]);
    await leaveStale(path);
    expect(lstatSync(path).isSocket()).toBe(true);
    expect((await daemon().wormhole(...words)).code).toBe(0);
    await using _client = await connectTo({ path });
  });

  test('A33: a tail that is no socket, or one that refuses, is a failed dial and nothing else', async () => {
    const path = inFolder('file');
    writeFileSync(path, 'x');
    chmodSync(path, 0o777);
    const { port, id } = await daemon().create(`url :9230 tail url unix://${path} connect-timeout 50ms`);
    await using client = await dial(port);
    expect(await client.ending()).toBe('ECONNRESET');
    await daemon().sees(id, 'counted', ({ stats }) => stats.connectionsFailed === 1);
  });
});

/** What `getent` would say. */
function idOf(file: string, name: string): string | undefined {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name)?.[2];
}

/** A socket file that nobody listens on any more. */
async function leaveStale(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await command(process.execPath, ['-e', script]).catch(() => undefined);
}
