import { expect, test } from 'vitest';
import { datagramWorld, type Flying } from '../../../test/support/datagram-world.ts';

const fromNear = ({ from }: Flying): boolean => from === 'near';

test('a path on which nothing arrives is blocked, is probed ever more rarely, and is direct again when it is', () => {
  const { dialer, acceptor, network, clock, pass } = datagramWorld();
  pass(4_000, () => false);
  expect([dialer.channel.state, acceptor.channel.state]).toEqual(['blocked', 'blocked']);
  expect(dialer.channel.send(1, Buffer.of(1))).toBe(false);
  pass(120_000, () => false);
  clock.pass(300_000);
  expect(network.take().length).toBeLessThan(15);
  pass(31_000);
  expect(dialer.states).toEqual(['blocked', 'direct']);
  expect(acceptor.states).toEqual(['blocked', 'direct']);
});

test.each([
  ['our packets', (flying: Flying) => !fromNear(flying)],
  ['the answers', fromNear],
])('a path on which only %s are filtered is blocked', (_name, keep) => {
  const { dialer, pass } = datagramWorld();
  pass(10_000, keep);
  expect(dialer.channel.state).toBe('blocked');
});

test('a path that breaks under traffic is found blocked within six seconds', () => {
  const { dialer, clock, network, pass, flush } = datagramWorld();
  pass(5_000);
  for (let turn = 0; turn < 24; turn += 1) {
    dialer.channel.send(1, Buffer.of(1));
    flush();
    network.take();
    clock.pass(250);
  }
  expect(dialer.states).toEqual(['direct', 'blocked']);
});

test('a path that breaks while nothing is sent is found blocked by its keepalive', () => {
  const { dialer, acceptor, pass } = datagramWorld();
  pass(5_000);
  pass(25_000, () => false);
  expect([dialer.channel.state, acceptor.channel.state]).toEqual(['blocked', 'blocked']);
});

test('a path on which nothing is sent costs a probe and an answer in fifteen seconds, each way', () => {
  const { dialer, network, clock, settle, pass } = datagramWorld({ sizes: [1_232] });
  pass(20_000);
  let packets = 0;
  for (let left = 60_000; left > 0; left -= 250) {
    clock.pass(250);
    settle(() => (packets += 1) > 0);
  }
  expect(packets).toBeLessThanOrEqual(2 * 2 * 5);
  expect(packets).toBeGreaterThanOrEqual(2 * 2 * 4 - 2);
  expect(network.flying).toEqual([]);
  expect(dialer.states).toEqual(['direct']);
});

test('one lost probe in four does not make a path blocked', () => {
  let count = 0;
  const { dialer, acceptor, pass } = datagramWorld();
  pass(600_000, () => (count += 1) % 4 !== 0);
  expect([dialer.states, acceptor.states]).toEqual([['direct'], ['direct']]);
});

test('packets grow to what the path passes, and a datagram is cut only when it must be', () => {
  const { dialer, network, pass, flush } = datagramWorld();
  network.mtu = 1_452;
  expect(dialer.channel.stats.packetSize).toBe(1_232);
  pass(2_000);
  expect(dialer.channel.stats.packetSize).toBe(1_452);
  dialer.channel.send(1, Buffer.alloc(1_400));
  flush();
  expect(network.flying.length).toBe(1);
});

test('a path that begins to swallow large packets costs a few seconds, and then none', () => {
  const { dialer, acceptor, network, pass, settle } = datagramWorld();
  pass(5_000);
  expect(dialer.channel.stats.packetSize).toBe(8_952);
  network.mtu = 1_400;
  const talk = (): void => {
    dialer.channel.send(1, Buffer.alloc(3_000));
    settle();
    pass(250);
  };
  for (let turn = 0; turn < 40; turn += 1) talk();
  expect(dialer.channel.stats.packetSize).toBeLessThanOrEqual(1_372);
  expect(dialer.states).toEqual(['direct']);
  const { length } = acceptor.received;
  for (let turn = 0; turn < 40; turn += 1) talk();
  expect(acceptor.received.length).toBe(length + 40);
});

test('EMSGSIZE makes packets smaller at once', () => {
  const { dialer, acceptor, network, pass, flush, settle } = datagramWorld();
  pass(5_000);
  network.limit = 1_300;
  dialer.channel.send(1, Buffer.alloc(3_000));
  flush();
  expect(dialer.channel.stats).toMatchObject({ packetSize: 1_232, dropped: 1 });
  dialer.channel.send(2, Buffer.alloc(3_000));
  settle();
  expect(acceptor.received.map(([flow]) => flow)).toEqual([2]);
  pass(10_000);
  expect(dialer.states).toEqual(['direct']);
});

test('a path that does not pass 1,232 bytes is none', () => {
  const { dialer, network, pass } = datagramWorld();
  network.mtu = 1_231;
  pass(10_000);
  expect(dialer.channel.state).toBe('blocked');
});

test('a NAT that gives the peer another port is followed with the first authentic packet, and only with it', () => {
  const { dialer, acceptor, network, pass, settle, flush, deliver } = datagramWorld();
  pass(2_000);
  dialer.channel.send(1, Buffer.of(1));
  flush();
  const old = network.take();
  // From now on the dialer's packets come from elsewhere.
  const rebind = (flying: Flying): Flying => (flying.from === 'near' ? { ...flying, from: 'near-2' } : flying);
  dialer.channel.send(2, Buffer.of(2));
  flush();
  network.take().map(rebind).forEach(deliver);
  expect(acceptor.channel.stats).toMatchObject({ address: 'near-2', moves: 1 });
  // One that was under way on the old path is taken, but says nothing new about where the peer is.
  old.forEach(deliver);
  expect(acceptor.received.map(([flow]) => flow)).toEqual([2, 1]);
  expect(acceptor.channel.stats).toMatchObject({ address: 'near-2', moves: 1 });
  dialer.address = 'near-2';
  acceptor.channel.send(3, Buffer.of(3));
  settle();
  expect(dialer.received.map(([flow]) => flow)).toEqual([3]);
  expect([dialer.states, acceptor.states]).toEqual([['direct'], ['direct']]);
});

test('a sleep of our own, of minutes or of days, loses no path that is still there', () => {
  const { dialer, acceptor, clock, pass, settle } = datagramWorld();
  pass(5_000);
  for (const ms of [5_000, 600_000, 3 * 86_400_000, 20_000]) {
    clock.sleep(ms);
    pass(3_000);
    dialer.channel.send(1, Buffer.of(1));
    settle();
  }
  expect(acceptor.received.length).toBe(4);
  expect([dialer.states, acceptor.states]).toEqual([['direct'], ['direct']]);
});

test('a clock that is set back stops nothing', () => {
  const { dialer, acceptor, clock, pass, settle } = datagramWorld();
  pass(100_000);
  clock.sleep(-90_000);
  pass(60_000);
  dialer.channel.send(1, Buffer.of(1));
  settle();
  expect(acceptor.received.length).toBe(1);
  expect([dialer.states, acceptor.states]).toEqual([['direct'], ['direct']]);
});
