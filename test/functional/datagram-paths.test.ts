/**
 * Datagram channels over real paths: a router between two hosts, each in a namespace of its own.
 *
 *     near 10.98.1.2 ── veth ── 10.98.1.1 router 10.98.2.1 ── veth ── 10.98.2.2, 10.98.2.3 far
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NativeSockets } from '../../src/carrier/datagram/native-sockets.ts';
import { NodeSockets } from '../../src/carrier/datagram/node-sockets.ts';
import type { RealEnd } from '../support/datagram-ends.ts';
import { type EndsOptions, type RealEnds, realEnds } from '../support/datagram-ends.ts';
import { Netns } from '../support/netns.ts';
import { UdpPeer } from '../support/relay-udp.ts';
import { settle, until } from '../support/relay-wait.ts';

const listen = { host: '0.0.0.0', port: 9_999 };
const far = { host: '10.98.2.2', port: 9_999 };
/** Finds out soon, so that nobody waits for the test. */
const limits = { answerMs: 200, tickMs: 50, retryMs: 50, retryMaxMs: 200, keepaliveMs: 1_000 };

const filterUdp = `table ip filter { chain forward {
  type filter hook forward priority 0
  meta l4proto udp drop
}
}
`;

interface World {
  readonly near: Netns;
  readonly router: Netns;
  readonly far: Netns;
}

let world: World;

function link(host: Netns, router: Netns, number: number): void {
  const [there, here] = [`veth${number}`, `host${number}`];
  router.ip('link', 'add', there, 'type', 'veth', 'peer', 'name', here, 'netns', host.name);
  router.ip('address', 'add', `10.98.${number}.1/24`, 'dev', there);
  router.ip('link', 'set', there, 'up');
  host.ip('address', 'add', `10.98.${number}.2/24`, 'dev', here);
  host.ip('link', 'set', here, 'up');
  host.ip('route', 'add', 'default', 'via', `10.98.${number}.1`);
}

const missing = Netns.missing();

beforeEach(() => {
  if (missing !== undefined) return;
  world = { near: Netns.create(), router: Netns.create(), far: Netns.create() };
  using _inside = world.router.enter();
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  link(world.near, world.router, 1);
  link(world.far, world.router, 2);
  world.far.ip('address', 'add', '10.98.2.3/24', 'dev', 'host2');
});

afterEach(() => {
  if (missing === undefined) for (const netns of [world.near, world.router, world.far]) netns[Symbol.dispose]();
});

function ends(options: Partial<EndsOptions> = {}, maker = () => new NativeSockets() as never): RealEnds {
  return realEnds(maker, {
    listen,
    limits,
    through: far,
    at: (role, make) => {
      using _inside = (role === 'dialer' ? world.near : world.far).enter();
      return make();
    },
    ...options,
  });
}

const nft = (rules: string): void => {
  execFileSync('nsenter', [`--net=${world.router.path}`, 'nft', '-f', '-'], { input: rules });
};

/** Sends a datagram from one end to the other, and says in how many packets it went. */
async function carry(from: RealEnd, to: RealEnd, size: number): Promise<number> {
  const payload = Buffer.from(Array.from({ length: size }, (_, at) => (at * 17) & 0xff));
  const before = [to.received.length, from.channel.stats.packetsOut] as const;
  expect(from.channel.send(size, payload)).toBe(true);
  await until(`a datagram of ${size} bytes arrives`, () => to.received.length > before[0]);
  expect(to.received.at(-1)?.[1].equals(payload)).toBe(true);
  return from.channel.stats.packetsOut - before[1];
}

describe.skipIf(missing !== undefined)(`datagram channels over a router (${missing ?? 'root'})`, () => {
  test('packets grow to the MTU of Ethernet, and 65,507 bytes arrive in fragments of ours', async () => {
    using both = ends();
    const { dialer, acceptor } = both;
    await until('the size is found', () => dialer.channel.stats.packetSize === 1_452);
    // With it a look at the path may be counted, and answers; a second datagram is a second chance.
    await expect.poll(() => carry(dialer, acceptor, 1_400)).toBe(1);
    expect(await carry(dialer, acceptor, 65_507)).toBeGreaterThanOrEqual(46);
    expect(await carry(acceptor, dialer, 65_507)).toBeGreaterThanOrEqual(46);
    expect(acceptor.channel.stats.address).toMatch(/^10\.98\.1\.2:/);
  });

  test('a path with an MTU of 1,280 behind the router passes every datagram, and larger packets are not tried for long', async () => {
    world.router.ip('link', 'set', 'veth2', 'mtu', '1280');
    using both = ends();
    const { dialer, acceptor } = both;
    await Promise.all([dialer.direct(), acceptor.direct()]);
    for (const size of [1, 1_200, 1_400, 9_000, 65_507]) {
      await carry(dialer, acceptor, size);
      await carry(acceptor, dialer, size);
    }
    expect(dialer.channel.stats.packetSize).toBe(1_232);
    expect(dialer.states).toEqual(['direct']);
  });

  test('an MTU that shrinks to 1,280 under traffic costs a few datagrams, and no more', async () => {
    using both = ends();
    const { dialer, acceptor } = both;
    await until('the size is found', () => dialer.channel.stats.packetSize === 1_452);
    world.router.ip('link', 'set', 'veth2', 'mtu', '1280');
    const talk = setInterval(() => dialer.channel.send(1, Buffer.alloc(1_300)), 5);
    await until('packets are small', () => dialer.channel.stats.packetSize < 1_300);
    clearInterval(talk);
    await settle();
    await carry(dialer, acceptor, 20_000);
    expect(dialer.states).toEqual(['direct']);
  });

  test('an own interface with an MTU of 1,280 refuses large packets (EMSGSIZE), which makes them smaller at once', async () => {
    using both = ends();
    const { dialer, acceptor } = both;
    await until('the size is found', () => dialer.channel.stats.packetSize === 1_452);
    world.near.ip('link', 'set', 'host1', 'mtu', '1280');
    dialer.channel.send(1, Buffer.alloc(1_300));
    await until('packets are small', () => dialer.channel.stats.packetSize === 1_232);
    await carry(dialer, acceptor, 1_300);
    expect(dialer.channel.stats.dropped).toBeGreaterThan(0);
    expect(dialer.states).toEqual(['direct']);
  });

  test('where UDP is filtered the channel is blocked; once it is not, it is direct again', async () => {
    nft(filterUdp);
    using both = ends({ limits: { ...limits, probingMs: 300 } });
    const { dialer, acceptor } = both;
    await until('both are blocked', () => dialer.channel.state === 'blocked' && acceptor.channel.state === 'blocked');
    expect(dialer.channel.send(1, Buffer.of(1))).toBe(false);
    nft('delete table ip filter');
    await Promise.all([dialer.direct(), acceptor.direct()]);
    await carry(acceptor, dialer, 5_000);
    nft(filterUdp);
    await until(
      'both are blocked again',
      () => dialer.channel.state === 'blocked' && acceptor.channel.state === 'blocked',
    );
  });

  test('a NAT that gives the peer another port is followed, and nothing is lost but what went to the old one', async () => {
    // A NAT of our own: what the kernel's has forgotten comes from another port, and this one forgets when told.
    const natHost = { host: '10.98.1.1', port: 9_999 };
    const upstreams: UdpPeer[] = [];
    const inner = await world.router.visit(() => UdpPeer.bind(natHost.host, natHost.port));
    const rebind = async (): Promise<void> => {
      const upstream = await world.router.visit(() => UdpPeer.bind('10.98.2.1'));
      upstream.socket.on('message', (packet) => {
        const client = inner.received.at(-1);
        if (client !== undefined && upstreams.at(-1) === upstream) void inner.send(packet, client);
      });
      upstreams.push(upstream);
    };
    await rebind();
    inner.socket.on('message', (packet) => void upstreams.at(-1)?.send(packet, far));
    using both = ends({ through: natHost });
    const { dialer, acceptor } = both;
    await Promise.all([dialer.direct(), acceptor.direct()]);
    await carry(acceptor, dialer, 3_000);
    for (let times = 1; times <= 3; times += 1) {
      await rebind();
      await carry(dialer, acceptor, 3_000);
      expect(acceptor.channel.stats).toMatchObject({ address: `10.98.2.1:${upstreams.at(-1)?.port}`, moves: times });
      await carry(acceptor, dialer, 3_000);
    }
    expect([dialer.states, acceptor.states]).toEqual([['direct'], ['direct']]);
    for (const peer of [inner, ...upstreams]) await peer[Symbol.asyncDispose]();
  });

  test('A11: packets that somebody on the path has recorded are worth nothing when they are sent again from elsewhere', async () => {
    const recorded: Buffer[] = [];
    const inner = await world.router.visit(() => UdpPeer.bind('10.98.1.1', 9_999));
    const upstream = await world.router.visit(() => UdpPeer.bind('10.98.2.1'));
    upstream.socket.on('message', (packet) => {
      const client = inner.received.at(-1);
      if (client !== undefined) void inner.send(packet, client);
    });
    inner.socket.on('message', (packet) => {
      recorded.push(packet);
      void upstream.send(packet, far);
    });
    using both = ends({ through: { host: '10.98.1.1', port: 9_999 } });
    const { dialer, acceptor } = both;
    await Promise.all([dialer.direct(), acceptor.direct()]);
    for (let at = 0; at < 20; at += 1) await carry(dialer, acceptor, 500);
    const { address, replayed, forged, datagramsIn } = acceptor.channel.stats;
    const mallory = await world.router.visit(() => UdpPeer.bind('10.98.2.1'));
    const again = recorded.slice();
    for (const packet of again) await mallory.send(packet, far);
    await until('they were refused', () => acceptor.channel.stats.replayed >= replayed + again.length);
    expect(acceptor.channel.stats).toMatchObject({ address, forged, datagramsIn });
    expect(mallory.received).toEqual([]);
    // Reflected to the one who sent them.
    const before = dialer.channel.stats;
    for (const packet of again) await inner.send(packet, inner.received.at(-1) ?? far);
    const refused = (): number => dialer.channel.stats.forged + dialer.channel.stats.replayed;
    await until('they were refused', () => refused() >= before.forged + before.replayed + again.length);
    expect(dialer.channel.stats.datagramsIn).toBe(before.datagramsIn);
    for (const peer of [inner, upstream, mallory]) await peer[Symbol.asyncDispose]();
  });

  test('a host with several addresses answers from the one that was dialed, also when that is not its first', async () => {
    using both = ends({ through: { host: '10.98.2.3', port: 9_999 }, local: '10.98.2.3' });
    const { dialer, acceptor } = both;
    await Promise.all([dialer.direct(), acceptor.direct()]);
    await carry(acceptor, dialer, 3_000);
    expect(dialer.channel.stats).toMatchObject({ address: '10.98.2.3:9999', moves: 0 });
    // An address that is taken away is not insisted on.
    world.far.ip('address', 'delete', '10.98.2.3/24', 'dev', 'host2');
    await carry(acceptor, dialer, 3_000);
    await until('the dialer follows', () => dialer.channel.stats.address === '10.98.2.2:9999');
  });

  test('nobody else can have the port beside us and take what is sent to it', async () => {
    using _both = ends();
    using _inside = world.far.enter();
    const thief = createSocket({ type: 'udp4', reuseAddr: true });
    const error = new Promise<NodeJS.ErrnoException>((resolve) => thief.once('error', resolve));
    thief.bind(9_999, '0.0.0.0');
    expect((await error).code).toBe('EADDRINUSE');
    thief.close();
  });

  test('an end without native calls speaks to one with them', async () => {
    let made = 0;
    using both = ends({}, (() => ((made += 1) === 1 ? new NativeSockets() : new NodeSockets())) as never);
    const { dialer, acceptor } = both;
    await Promise.all([dialer.direct(), acceptor.direct()]);
    for (const size of [1, 1_400, 65_507]) {
      await carry(dialer, acceptor, size);
      await carry(acceptor, dialer, size);
    }
  });
});
