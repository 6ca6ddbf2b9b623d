import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datagramWorld, secretOf } from '../../../test/support/datagram-world.ts';
import { KeyChain } from './keys.ts';
import { datagramDefaults } from './limits.ts';
import { ReceiveKeys } from './receive-keys.ts';
import { SendKeys } from './send-keys.ts';

const id = Buffer.alloc(8, 1);
const chainOf = (sender: 'dialer' | 'acceptor', epoch = 1, secret = secretOf(1)) =>
  new KeyChain(secret, { sessionId: id, epoch, sender });

test('every direction, epoch, session, secret and generation has a key of its own', () => {
  const rows = [
    chainOf('dialer'),
    chainOf('acceptor'),
    chainOf('dialer', 2),
    chainOf('dialer', 1, secretOf(2)),
    new KeyChain(secretOf(1), { sessionId: Buffer.alloc(8, 2), epoch: 1, sender: 'dialer' }),
  ];
  const keys = rows.flatMap((row) => [row.next(), row.next(), row.next()].map((key) => key.toString('hex')));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys[0]).toHaveLength(64);
});

test('a short secret makes no keys', () => {
  expect(() => chainOf('dialer', 1, Buffer.alloc(31))).toThrow(RangeError);
});

test('forward secrecy: a key that was replaced is overwritten, and the row leads on only', () => {
  const keys = new SendKeys(id, 'dialer', { ...datagramDefaults, rekeyPackets: 1 });
  keys.install(1, secretOf(1), 0);
  const { key } = keys.current;
  const copy = Buffer.from(key);
  keys.used();
  keys.confirmed(1, 0);
  keys.tick(0);
  expect(keys.current.generation).toBe(1);
  expect(key.equals(Buffer.alloc(32))).toBe(true);
  expect(keys.current.key.equals(copy)).toBe(false);
  const { key: last } = keys.current;
  keys.erase();
  expect(last.equals(Buffer.alloc(32))).toBe(true);
});

test('forward secrecy: a receiving key is overwritten when its grace is over, also when the clock was set back', () => {
  for (const later of [datagramDefaults.graceMs, -5_000]) {
    const keys = new ReceiveKeys(id, 'dialer', datagramDefaults);
    keys.install(1, secretOf(1), 0);
    keys.tick(0);
    const first = keys.find(1, 0) as Buffer;
    keys.opened(1, 1, 0);
    expect(keys.find(1, 0)).toBe(first);
    keys.install(3, secretOf(3), 0);
    const second = keys.find(1, 1) as Buffer;
    keys.tick(later);
    expect(keys.find(1, 0)).toBeUndefined();
    expect(keys.find(1, 1)).toBeUndefined();
    expect(first.equals(Buffer.alloc(32)) && second.equals(Buffer.alloc(32))).toBe(true);
    expect(keys.find(3, 0)).toBeDefined();
  }
});

test('a new epoch loses nothing, whichever end has its secret first, and however late the other', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.integer({ min: 0, max: 15 }), (dialerFirst, turns) => {
      const { dialer, acceptor, pass, settle } = datagramWorld();
      pass(2_000);
      let sent = 0;
      const talk = (): void => {
        sent += 1;
        dialer.channel.send(1, Buffer.of(1));
        acceptor.channel.send(1, Buffer.of(1));
        settle();
      };
      const [first, second] = dialerFirst ? [dialer, acceptor] : [acceptor, dialer];
      talk();
      first.channel.newEpoch(secretOf(3), 3);
      for (let turn = 0; turn < turns; turn += 1) {
        talk();
        pass(250);
      }
      second.channel.newEpoch(secretOf(3), 3);
      for (let turn = 0; turn < 60; turn += 1) {
        talk();
        pass(250);
      }
      expect([dialer.received.length, acceptor.received.length]).toEqual([sent, sent]);
      for (const { channel, states } of [dialer, acceptor]) {
        expect(channel.stats).toMatchObject({ epoch: 3, state: 'direct' });
        expect(states).toEqual(['direct']);
      }
    }),
    { numRuns: 20 },
  );
});

test('packets of the old epoch that were under way arrive, until their grace is over', () => {
  const { dialer, acceptor, network, pass, flush, deliver } = datagramWorld();
  pass(1_000);
  const late = [1, 2].map(() => {
    dialer.channel.send(1, Buffer.of(1));
    flush();
    return network.take();
  });
  for (const { channel } of [dialer, acceptor]) channel.newEpoch(secretOf(3), 3);
  pass(5_000);
  late[0]?.forEach(deliver);
  expect(acceptor.received.length).toBe(1);
  pass(6_000);
  late[1]?.forEach(deliver);
  expect(acceptor.received.length).toBe(1);
  expect(acceptor.channel.stats.unknownKey).toBe(1);
});

test('an epoch whose secret the peer never had is left for the next', () => {
  const { dialer, acceptor, pass, settle } = datagramWorld();
  pass(1_000);
  acceptor.channel.newEpoch(secretOf(3), 3);
  pass(20_000);
  for (const { channel } of [dialer, acceptor]) channel.newEpoch(secretOf(5), 5);
  pass(8_000);
  dialer.channel.send(1, Buffer.of(1));
  acceptor.channel.send(1, Buffer.of(1));
  settle();
  expect([dialer.received.length, acceptor.received.length]).toEqual([1, 1]);
  expect(dialer.channel.stats.epoch).toBe(5);
});

test('an epoch that is not newer is an error', () => {
  const { dialer } = datagramWorld();
  dialer.channel.newEpoch(secretOf(3), 3);
  for (const epoch of [3, 2, 0, -1, 2 ** 32])
    expect(() => dialer.channel.newEpoch(secretOf(2), epoch)).toThrow(RangeError);
});

test('a sending key is replaced by count and by time, and no datagram is lost, whatever the order they arrive in', () => {
  const { dialer, acceptor, network, pass, flush, deliver } = datagramWorld({ rekeyPackets: 5, graceMs: 10_000 });
  pass(1_000);
  let sent = 0;
  for (let turn = 0; turn < 40; turn += 1) {
    for (let at = 0; at < 3; at += 1) {
      dialer.channel.send(1, Buffer.of(turn));
      flush();
      sent += 1;
    }
    network.take().toReversed().forEach(deliver);
    pass(1_000);
  }
  expect(acceptor.received.length).toBe(sent);
  expect(dialer.channel.stats.rekeys).toBeGreaterThan(5);
  const { rekeys } = acceptor.channel.stats;
  pass(600_000);
  expect(acceptor.channel.stats.rekeys).toBeGreaterThan(rekeys);
  expect(dialer.channel.stats.unknownKey + acceptor.channel.stats.unknownKey).toBe(0);
  expect(dialer.channel.stats.forged + acceptor.channel.stats.forged).toBe(0);
});

test('a sender never goes more than one generation beyond what its peer has seen', () => {
  const { dialer, acceptor, pass } = datagramWorld({ rekeyPackets: 2, rekeyMs: 1_000 });
  pass(1_000);
  const { generation } = dialer.channel.stats;
  // UDP is filtered for an hour, and comes back.
  pass(3_600_000, () => false);
  expect(dialer.channel.stats.generation).toBeLessThanOrEqual(generation + 1);
  expect(dialer.channel.state).toBe('blocked');
  pass(60_000);
  expect([dialer.channel.state, acceptor.channel.state]).toEqual(['direct', 'direct']);
});

test('the first packet of a generation that is lost changes nothing for the next', () => {
  const { dialer, acceptor, pass, settle } = datagramWorld({ rekeyPackets: 4 });
  pass(2_000);
  let lost = 0;
  for (let turn = 0; turn < 200; turn += 1) {
    const before = dialer.channel.stats.generation;
    dialer.channel.send(1, Buffer.of(1));
    pass(250, () => dialer.channel.stats.generation === before || (lost += 1) % 3 !== 0);
    settle();
  }
  expect(acceptor.channel.stats.forged).toBe(0);
  expect(acceptor.channel.stats.unknownKey).toBe(0);
  expect(dialer.channel.stats.rekeys).toBeGreaterThan(10);
});
