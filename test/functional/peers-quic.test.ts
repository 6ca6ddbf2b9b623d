/**
 * `carrier: quic`: connections between daemons over QUIC, beside the link.
 *
 *     a: clients ─ wormholed ══ TLS: control ══ wormholed ─ b: servers
 *                           ══ UDP: QUIC ═════
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

const wants = (...names: readonly string[]): string =>
  `peers: {${names.map((name) => `${name}: {address: ${name}, carrier: quic}`).join(', ')}}`;

/** What connections with a peer go over. */
const carried = async (host: Host, peer: string): Promise<string> => (await host.peer(peer)).carrier;

async function echoed(host: Host, port: number, text: string): Promise<string> {
  await using client = await host.connect(port);
  await client.send(text);
  return await client.text(text.length);
}

describe('between two daemons that both say carrier: quic', () => {
  let world: Hosts & { readonly a: Host; readonly b: Host };
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { a: { config: wants('b') }, b: { config: wants('a') } } });
    await world.a.daemon.wormhole('ping', 'b');
    await until(
      'both use it',
      async () => (await carried(world.a, 'b')) + (await carried(world.b, 'a')) === 'quicquic',
    );
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const { daemon } of [world.a, world.b]) {
      const { wormholes } = await daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
      const ids = wormholes.map(({ id }) => id);
      if (ids.length > 0) await daemon.wormhole('delete', '--now', ...ids);
    }
  });

  test('peers and ping say so, and each log has a line', async () => {
    expect((await world.a.daemon.wormhole('peers')).stdout).toMatch(/^b +up .* quic(?:\+udp)? /m);
    expect((await world.a.daemon.wormhole('ping', 'b')).stderr).toMatch(/peer b at .*, direct, carrier quic, key/);
    await world.a.daemon.logged('connections with a peer go over QUIC');
    await world.b.daemon.logged('connections with a peer go over QUIC');
  });

  test('F62: a connection is a stream of the lane, in both directions, and neither the API nor datagrams are', async () => {
    await using server = await world.b.serve((socket) => socket.pipe(socket));
    await using back = await world.a.serve((socket) => socket.pipe(socket));
    const there = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    const here = await world.b.daemon.create(`url :0 remote a tail url :${back.port}`);
    expect(await echoed(world.a, there.port, 'over there')).toBe('over there');
    expect(await echoed(world.b, here.port, 'over here')).toBe('over here');
    const tcp = await world.a.run(['ss', '-Htni', 'dport', '=', '9999']);
    const sent = Number(/bytes_sent:(\d+)/.exec(tcp.stdout)?.[1]);
    const data = bytes(4 << 20, 5);
    await using client = await world.a.connect(there.port);
    client.socket.end(data);
    expect((await client.readAll()).equals(data)).toBe(true);
    const after = await world.a.run(['ss', '-Htni', 'dport', '=', '9999']);
    expect(Number(/bytes_sent:(\d+)/.exec(after.stdout)?.[1]) - sent).toBeLessThan(100_000);
  });

  test('F46, F61, Q2: each direction ends by itself, and a server that speaks first is heard', async () => {
    await using first = await world.b.serve((socket) => socket.end('220 welcome\r\n'));
    const { port } = await world.a.daemon.create(`url :0 remote b tail url :${first.port}`);
    await using silent = await world.a.connect(port);
    expect(await silent.text()).toBe('220 welcome\r\n');
    const data = bytes(3 << 20, 7);
    await using server = await world.b.serve((socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end(Buffer.concat(chunks)));
    });
    const half = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await world.a.connect(half.port);
    client.socket.end(data);
    expect((await client.readAll()).equals(data)).toBe(true);
  });

  test('F45: a target that refuses is told in the words of the peer, and a reset is a reset, with its bytes counted', async () => {
    const refusing = await world.a.daemon.create('url :0 remote b tail url :9 connect-timeout 300ms');
    await using refused = await world.a.connect(refusing.port);
    await refused.ending();
    await world.a.daemon.sees(refusing.id, 'failed once', ({ stats }) => stats.connectionsFailed === 1);
    await world.a.daemon.logged('connect ECONNREFUSED 127.0.0.1:9');
    await using server = await world.b.serve((socket) => {
      socket.write('12345');
      socket.once('data', () => socket.resetAndDestroy());
    });
    const { id, port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await world.a.connect(port);
    expect(await client.text(5)).toBe('12345');
    await client.send('123');
    expect(await client.ending()).toBe('ECONNRESET');
    const one = await world.a.daemon.sees(id, 'at rest', ({ stats }) => stats.connectionsOpen === 0);
    expect(one.stats).toMatchObject({ bytesIn: 3, bytesOut: 5 });
  });

  test('F68: ten thousand short streams, a hundred at a time, all answered, and none is left', async () => {
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
    // That for notices, and that of the lane's terms.
    await until('none is left', async () => (await world.a.peer('b')).streams === 2);
    expect(await carried(world.a, 'b')).toBe('quic');
  });

  test('XT15, F68: one of a hundred streams stalls, and the others lose nothing and wait for nobody', async () => {
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

  test('F61: CONNECT is carried, its refusals are told, and its destinations are judged by the peer', async () => {
    await using server = await world.b.serve((socket) => socket.end('welcome'));
    const { port } = await world.a.daemon.create('url :0 remote b tail connect http');
    const asked = async (request: string): Promise<string> => {
      await using client = await world.a.connect(port);
      await client.send(`${request}\r\n\r\n`);
      return await client.text();
    };
    const here = `127.0.0.1:${server.port}`;
    expect(await asked(`CONNECT ${here} HTTP/1.1\r\nHost: ${here}`)).toMatch(/^HTTP\/1\.1 200 [^\r]*\r\n\r\nwelcome$/);
    expect(await asked('GET / HTTP/1.1\r\nHost: x')).toMatch(/^HTTP\/1\.1 405 /);
    expect(await asked('CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: 127.0.0.1:9')).toMatch(/^HTTP\/1\.1 502 /);
    expect(await asked('CONNECT 127.0.0.1:9999 HTTP/1.1\r\nHost: 127.0.0.1:9999')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await carried(world.a, 'b')).toBe('quic');
  });

  test('UDP of wormholes stays on the datagram channel', async () => {
    await using server = (await world.b.udp()).echo();
    const { url } = await world.a.daemon.create(`url udp://:0 remote b tail url udp://:${server.port}`);
    await using client = await world.a.udp();
    await client.send('datagram', { host: '127.0.0.1', port: Number(url.split(':').at(-1)) });
    expect((await client.datagram()).data.toString()).toBe('datagram');
  });
});
