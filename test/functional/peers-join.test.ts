/** Peers that cannot be dialed join one that can; what is known of the way can be seen. */
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { PeerList, WormholeDetail } from '../../src/spec/api.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';

/** Sends through a port of that host, ends, and reads to the end. */
async function through(host: Host, port: number, bytes: Buffer): Promise<Buffer> {
  await using peer = await host.connect(port);
  const { socket } = peer;
  socket.end(bytes);
  return Buffer.concat(await socket.toArray());
}

const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const echo = (socket: Socket): void => void socket.pipe(socket);

describe('joining', () => {
  test('F44 a host behind NAT joins, and is reached by its name from then on, also after both have restarted', async () => {
    await using world = await Hosts.start({ hosts: { gate: {}, laptop: { nat: true } } });
    const { gate, laptop } = world;
    await using service = await laptop.serve(echo, { host: '127.0.0.1' });
    expect((await laptop.daemon.wormhole('join', 'gate', '--as', 'lap')).stdout).toBe('gate\n');
    const made = await gate.daemon.create(`url :7000 remote lap tail url :${service.port}`);
    const sent = randomBytes(4 * 1024 * 1024);
    expect(sum(await through(gate, 7000, sent))).toBe(sum(sent));
    const { peers } = await gate.daemon.get<PeerList>('/v1/peers');
    expect(peers).toEqual([expect.objectContaining({ name: 'lap', state: 'up', path: 'joined', wormholes: 1 })]);

    await laptop.daemon[Symbol.asyncDispose]();
    await expect
      .poll(async () => (await gate.daemon.get<WormholeDetail>(`/v1/wormholes/${made.id}`)).wormhole.state)
      .toBe('waiting');
    await laptop.up();
    await expect
      .poll(async () => (await through(gate, 7000, sent).catch(() => Buffer.alloc(0))).length)
      .toBe(sent.length);

    await gate.daemon[Symbol.asyncDispose]();
    await gate.up();
    await expect
      .poll(async () => (await through(gate, 7000, sent).catch(() => Buffer.alloc(0))).length)
      .toBe(sent.length);
  }, 90_000);

  test('any start order: a join in the background comes about when there is somebody to join', async () => {
    await using world = await Hosts.start({ hosts: { gate: { down: true }, laptop: {} } });
    const { gate, laptop } = world;
    expect((await laptop.daemon.wormhole('join', 'gate')).code).not.toBe(0);
    expect((await laptop.daemon.get<PeerList>('/v1/peers')).peers).toEqual([]);
    expect((await laptop.daemon.wormhole('join', '--background', 'gate')).code).toBe(0);
    await gate.up();
    await expect
      .poll(async () => (await gate.daemon.get<PeerList>('/v1/peers')).peers[0]?.name, { timeout: 40_000 })
      .toBe('laptop');
    expect((await laptop.daemon.wormhole('leave', 'gate')).code).toBe(0);
    expect((await laptop.daemon.wormhole('leave', 'gate')).code).toBe(68);
  }, 60_000);

  test('a name that is live is refused to another', async () => {
    await using world = await Hosts.start({ hosts: { gate: {}, one: {}, two: {} } });
    const { gate, one, two } = world;
    expect((await one.daemon.wormhole('join', 'gate', '--as', 'web')).code).toBe(0);
    const refused = await two.daemon.wormhole('join', 'gate', '--as', 'web');
    expect(refused.code).toBe(73);
    expect(refused.stderr).toContain('WH_ERR_PEER_EXISTS');
    expect((await gate.daemon.get<PeerList>('/v1/peers')).peers.map(({ name }) => name)).toEqual(['web']);
  });

  test('ping tells the way: both directions of one link, and the same key at both ends', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const [there, back] = [await world.a.daemon.wormhole('ping', 'b'), await world.b.daemon.wormhole('ping', 'a')];
    expect(there.stderr).toMatch(/peer b at \S+:9999, direct, carrier tls, key [0-9a-f]{16}, linked in/);
    expect(back.stderr).toMatch(/peer a at \S+:\d+, joined, carrier tls, key [0-9a-f]{16}\n/);
    const keys = [there, back].map(({ stderr }) => /key ([0-9a-f]{16})/.exec(stderr)?.[1]);
    expect(keys[0]).toBe(keys[1]);
  });

  test('ping tells the way through a peer to one that only that peer reaches', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, gate: {}, laptop: { nat: true } } });
    const { a, laptop } = world;
    await laptop.daemon.wormhole('join', 'gate', '--as', 'lap');
    const there = await a.daemon.wormhole('ping', 'gate', 'lap');
    expect([there.code, there.stderr]).toEqual([
      0,
      expect.stringMatching(
        / -> gate > lap, .*\npeer lap at \S+, via gate, carrier tls, key [0-9a-f]{16}, linked in \S+ ms\nversion /,
      ),
    ]);
    const nobody = await a.daemon.wormhole('ping', 'gate', '127.0.0.9:1');
    expect([nobody.code, nobody.stderr]).toEqual([69, expect.stringContaining('nothing listens on 127.0.0.9:1')]);
  });

  test('kick drops the connection under a transfer, and nobody notices', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using service = await b.serve(echo, { host: '127.0.0.1' });
    await a.daemon.create(`url :7000 remote b tail url :${service.port}`);
    const sent = randomBytes(48 * 1024 * 1024);
    const got = through(a, 7000, sent);
    for (let kick = 0; kick < 5; kick += 1) expect((await a.daemon.wormhole('kick', 'b')).code).toBe(0);
    expect(sum(await got)).toBe(sum(sent));
    expect(a.daemon.log).toContain('goes on over another connection');
  });

  test('inspect and stats show the chain across three hosts, each hop with its round trip and its dial times', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {}, c: {} } });
    const { a, c } = world;
    await using service = await c.serve(echo, { host: '127.0.0.1' });
    const made = await a.daemon.create(`url :7000 remote b remote c tail url :${service.port}`);
    await through(a, 7000, Buffer.from('hello'));
    const seen = async () => (await a.daemon.get<WormholeDetail>(`/v1/wormholes/${made.id}`)).segments;
    await expect.poll(async () => (await seen()).map(({ stats }) => stats.bytesOut)).toEqual([5, 5, 5]);
    const segments = await seen();
    expect(segments.map(({ peer }) => peer)).toEqual([undefined, 'b', 'b > c']);
    for (const segment of segments.slice(1)) {
      expect(segment.rttMs).toBeGreaterThan(0);
      expect(segment.stats).toMatchObject({ connectionsTotal: 1, bytesIn: 5, bytesOut: 5 });
      expect(segment.stats.dialP50Ms).toBeGreaterThan(0);
    }
    expect((await a.daemon.wormhole('inspect', made.id)).stdout).toContain('Segment 3 on b > c');
    const { stdout: stats } = await a.daemon.wormhole('stats', made.id);
    const [blank, title, ...hops] = stats.trim().split('\n').slice(-5);
    expect([blank, title]).toEqual(['', expect.stringMatching(/^HOP +STATE +RTT .*DIAL-P50 +OF-IT-HERE$/)]);
    expect(hops.map((line) => line.split(/ {2,}/)[0])).toEqual(['here', 'b', 'b > c']);
  });
});
