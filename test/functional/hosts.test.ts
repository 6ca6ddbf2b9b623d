/**
 * The world of the tests between hosts, by itself: who reaches whom, and what it does on command.
 *
 *     a ──┐
 *         ├── router ── b (an engine)
 *     c ──┘   (c behind NAT, d behind a slow link)
 */
import { describe, expect, test } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';
import { Hosts } from '../support/hosts.ts';
import { settle, until } from '../support/relay-wait.ts';

const float = /^\d+\.\d{6}\n$/;
const noEngine = DockerHost.missing();
if (noEngine !== undefined) console.log(`hosts with an engine are left out: ${noEngine}`);

describe('hosts', () => {
  test('daemons ping each other by name and by address, with the key that all hold', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {}, other: { key: 'x'.repeat(40) } } });
    const { a, b } = world;
    for (const to of ['b', b.site.v4, `[${b.site.v6}]`]) {
      expect(await a.daemon.wormhole('ping', to)).toMatchObject({ code: 0, stdout: expect.stringMatching(float) });
    }
    expect(await b.daemon.wormhole('ping', 'a')).toMatchObject({ code: 0 });
    expect((await a.daemon.wormhole('ping', 'other')).stderr).toContain('WH_ERR_PEER_AUTH');
    expect(await a.run(['hostname'])).toMatchObject({ code: 0, stdout: 'a\n' });
    expect((await a.run(['ip', 'route', 'show', 'default'])).stdout).toBe('');
  });

  test('a name means what its host was told, and nothing elsewhere', async () => {
    await using world = await Hosts.start({ hosts: { a: { down: true }, b: { down: true } } });
    world.a.knows('inside', '127.0.0.9');
    expect((await world.a.run(['getent', 'hosts', 'inside'])).stdout).toContain('127.0.0.9');
    expect((await world.b.run(['getent', 'hosts', 'inside'])).code).not.toBe(0);
  });

  test('a host behind NAT dials, and cannot be dialed', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, c: { nat: true } } });
    const { a, c } = world;
    expect(await c.daemon.wormhole('ping', 'a')).toMatchObject({ code: 0 });
    const sources: unknown[] = [];
    await using server = await a.serve((socket) => void sources.push(socket.remoteAddress), { host: '0.0.0.0' });
    await using _client = await c.connect({ host: a.site.v4, port: server.port });
    await until('the client came', () => sources.length === 1);
    expect(sources).toEqual([expect.not.stringContaining(c.site.v4)]);
    await using behind = await c.serve(() => undefined, { host: '0.0.0.0' });
    const { port } = behind;
    void a.connect({ host: c.site.v4, port }).then(
      (peer) => peer.socket.destroy(),
      () => undefined,
    );
    await settle();
    expect(behind.accepted).toBe(0);
  });

  test('bytes wait while the network is cut, and arrive when it is healed', async () => {
    await using world = await Hosts.start({ hosts: { a: { down: true }, b: { down: true } } });
    await using server = await world.b.serve((socket) => socket.pipe(socket), { host: world.b.site.v4 });
    await using client = await world.a.connect({ host: world.b.site.v4, port: server.port });
    await client.send('one');
    expect(await client.text(3)).toBe('one');
    await world.cut('a', 'b');
    await client.send('two');
    await settle();
    expect(client.held).toBe(0);
    await world.heal('a', 'b');
    expect(await client.text(3)).toBe('two');
  });

  test('a relay between two hosts loses bytes and keeps connections, or ends them', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const relay = await world.relay('a', 'b');
    expect(await world.a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
    expect(relay.accepted).toBe(1);
    const [, address = ''] = /^(\S+)/.exec((await world.a.run(['getent', 'hosts', 'b'])).stdout) ?? [];
    await using client = await world.a.connect({ host: address, port: 9999 });
    relay.lose();
    await client.send('GET / HTTP/1.1\r\n\r\n');
    await settle();
    expect(client.ended).toBeUndefined();
    relay.cut();
    expect(await client.ending()).toBe('ECONNRESET');
  });

  test('a slow link delays and loses, and everything arrives', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {}, d: { path: { delayMs: 250, loss: 0.01 } } } });
    const answers: string[] = [];
    const ping = async (name: string): Promise<void> => {
      expect((await world.a.daemon.wormhole('ping', name)).code).toBe(0);
      answers.push(name);
    };
    await Promise.all([ping('d'), ping('b')]);
    expect(answers).toEqual(['b', 'd']);
  });

  test('a frozen daemon answers when it is thawed', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    world.freeze('b');
    let answered = false;
    const ping = world.a.daemon.wormhole('ping', 'b').then((ended) => {
      answered = true;
      return ended;
    });
    await settle();
    expect(answered).toBe(false);
    world.thaw('b');
    expect((await ping).code).toBe(0);
  });

  test.skipIf(noEngine !== undefined)('a daemon uses the engine of its own host', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: { engine: true } } });
    const { engine, daemon } = world.b;
    await engine.run({ name: 'web', command: ['sh', '-c', 'echo inside | nc -l -p 80'] });
    const { port } = await daemon.create('url :0 tail docker-ns web url :80');
    await using client = await world.b.connect(port);
    expect(await client.text()).toBe('inside\n');
    expect((await world.b.run(['docker', 'ps', '--format', '{{.Names}}'])).stdout).toBe('web\n');
    expect((await world.a.daemon.wormhole('create', 'url', ':0', 'docker-ns', 'web')).code).not.toBe(0);
  });
});
