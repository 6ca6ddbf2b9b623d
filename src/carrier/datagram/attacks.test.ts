import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { datagramWorld, type End, type Flying, secretOf } from '../../../test/support/datagram-world.ts';
import { datagramDefaults } from './limits.ts';
import { headerBytes, sessionKeyOf, writeHeader } from './packet.ts';
import { nodeAead } from './seal.ts';
import { SendKeys } from './send-keys.ts';

/** A world with a direct path, and a packet that carries one datagram from the dialer. */
function recorded(limits = {}) {
  const world = datagramWorld(limits);
  world.pass(3_000);
  world.dialer.channel.send(3, Buffer.from('pay 100 to Mallory'));
  world.flush();
  const [flying] = world.network.take() as [Flying];
  return { ...world, flying };
}

/** Everything about an end that a stranger must not be able to change. */
const stateOf = ({ channel, received }: End) => {
  const { forged: _f, replayed: _r, unknownKey: _u, ...stats } = channel.stats;
  return { stats, received: received.length };
};

test('A11: a replayed packet is refused, also from another address and much later', () => {
  const { acceptor, dialer, flying, deliver, pass, settle } = recorded();
  deliver(flying);
  expect(acceptor.received.length).toBe(1);
  const before = stateOf(acceptor);
  deliver(flying);
  deliver({ ...flying, from: 'mallory' });
  expect(stateOf(acceptor)).toEqual(before);
  pass(30_000);
  for (let at = 0; at < 9_000; at += 1) {
    dialer.channel.send(1, Buffer.alloc(1));
    settle();
  }
  deliver(flying);
  expect(acceptor.channel.stats.replayed).toBe(3);
  expect(acceptor.received.filter(([flow]) => flow === 3).length).toBe(1);
});

test('A11: a replayed packet is refused under a new epoch, before and after the old key is gone', () => {
  const { acceptor, dialer, flying, deliver, pass } = recorded();
  deliver(flying);
  for (const { channel } of [dialer, acceptor]) channel.newEpoch(secretOf(3), 3);
  pass(1_000);
  deliver(flying);
  expect(acceptor.channel.stats.replayed).toBe(1);
  pass(20_000);
  deliver(flying);
  expect(acceptor.channel.stats).toMatchObject({ replayed: 1, unknownKey: 1 });
  expect(acceptor.received.length).toBe(1);
});

test('A11: a packet reflected to its sender is refused', () => {
  const { dialer, flying, deliver } = recorded();
  const before = stateOf(dialer);
  deliver({ from: 'far', to: 'near', packet: flying.packet });
  expect(dialer.channel.stats.forged).toBe(1);
  expect(stateOf(dialer)).toEqual(before);
});

test('A11: a packet of one session is refused by another between the same peers', () => {
  const { flying } = recorded();
  const other = datagramWorld();
  other.acceptor.channel.newEpoch(secretOf(9), 9);
  other.pass(1_000);
  expect(sessionKeyOf(flying.packet)).toBe(other.acceptor.channel.id.toString('latin1'));
  const elsewhere = datagramWorld();
  elsewhere.pass(1_000);
  const before = stateOf(elsewhere.acceptor);
  const packet = Buffer.from(flying.packet);
  // As if both had the same name on the wire, but other secrets.
  packet.writeUInt32BE(9, 4);
  other.deliver({ ...flying, packet });
  elsewhere.deliver({ ...flying, packet });
  expect(other.acceptor.received).toEqual([]);
  expect(stateOf(elsewhere.acceptor)).toEqual(before);
});

test('a packet with one bit changed, wherever, is refused and changes nothing', () => {
  const { acceptor, flying, deliver } = recorded();
  const before = stateOf(acceptor);
  for (let at = 0; at < flying.packet.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const packet = Buffer.from(flying.packet);
      (packet[at] as number) ^= 1 << bit;
      deliver({ from: 'mallory', to: 'far', packet });
    }
  }
  expect(stateOf(acceptor)).toEqual(before);
  deliver(flying);
  expect(acceptor.received.length).toBe(1);
});

test('a packet cut or lengthened, wherever, is refused and changes nothing', () => {
  const { acceptor, flying, deliver } = recorded();
  const before = stateOf(acceptor);
  for (let size = 0; size < flying.packet.length; size += 1) {
    deliver({ from: 'mallory', to: 'far', packet: flying.packet.subarray(0, size) });
  }
  for (const more of [1, 16, 1_000]) {
    deliver({ from: 'mallory', to: 'far', packet: Buffer.concat([flying.packet, Buffer.alloc(more)]) });
  }
  expect(stateOf(acceptor)).toEqual(before);
  deliver(flying);
  expect(acceptor.received.length).toBe(1);
});

test('a flood of packets with a right header and a wrong rest moves no address and spoils no packet number', () => {
  const { acceptor, flying, deliver, network } = recorded();
  const before = stateOf(acceptor);
  for (let at = 0; at < 5_000; at += 1) {
    const packet = Buffer.concat([flying.packet.subarray(0, 24), randomBytes(40)]);
    packet.writeUInt32BE(at, 20);
    // The next generation, too, which the receiver would follow to.
    if (at % 2 === 1) packet.writeUIntBE(1, 1, 3);
    deliver({ from: 'mallory', to: 'far', packet });
  }
  expect(stateOf(acceptor)).toEqual(before);
  expect(network.flying).toEqual([]);
  deliver(flying);
  expect(acceptor.received.length).toBe(1);
});

test('a packet of a wrong epoch, and of a generation out of reach, is refused without being opened', () => {
  const { acceptor, flying, deliver } = recorded();
  const claim = (epoch: number, generation: number): void => {
    const packet = Buffer.from(flying.packet);
    packet.writeUInt32BE(epoch, 4);
    packet.writeUIntBE(generation, 1, 3);
    deliver({ ...flying, packet });
  };
  for (const [epoch, generation] of [
    [0, 0],
    [2, 0],
    [0xffff_ffff, 0],
    [1, 2],
    [1, 0xff_ffff],
  ] as const) {
    claim(epoch, generation);
  }
  expect(acceptor.channel.stats).toMatchObject({ unknownKey: 5, forged: 0, datagramsIn: 0 });
});

test('an authentic packet full of probes is answered once, so that nobody is flooded with answers', () => {
  const { dialer, acceptor, network, deliver } = recorded();
  const keys = new SendKeys(dialer.channel.id, 'dialer', datagramDefaults);
  keys.install(1, secretOf(1), 0);
  const probes = Buffer.concat(Array.from({ length: 100 }, (_, at) => Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, at])));
  const header = { epoch: 1, generation: 0, number: 1_000 };
  const head = Buffer.alloc(headerBytes);
  writeHeader(head, dialer.channel.id, header);
  const packet = nodeAead.seal(keys.current.key, header.number, head, probes, probes.length);
  deliver({ from: 'near', to: 'far', packet });
  expect(acceptor.channel.stats.malformed).toBe(0);
  expect(network.take().map(({ to }) => to)).toEqual(['near']);
});

test('a packet number beyond what can be counted is refused', () => {
  const { acceptor, flying, deliver } = recorded();
  const before = stateOf(acceptor);
  const packet = Buffer.from(flying.packet);
  packet.fill(0xff, 16, 24);
  deliver({ ...flying, packet });
  expect(stateOf(acceptor)).toEqual(before);
});
