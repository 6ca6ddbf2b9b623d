import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datagramWorld } from '../../../test/support/datagram-world.ts';

const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + size) & 0xff));

test('both ends find the path direct, once each has had an answer from the other', () => {
  const { dialer, acceptor, pass } = datagramWorld();
  expect(dialer.channel.state).toBe('probing');
  pass(500);
  expect(dialer.states).toEqual(['direct']);
  expect(acceptor.states).toEqual(['direct']);
  expect(acceptor.channel.stats.address).toBe('near');
});

test('datagrams of any size arrive as they were sent, with their flow', () => {
  const { dialer, acceptor, pass, settle } = datagramWorld();
  pass(2_000);
  const sent = [0, 1, 64, 1_199, 1_200, 1_405, 1_406, 9_000, 65_507].map((size) => bytes(size));
  sent.forEach((payload, flow) => expect(dialer.channel.send(flow, payload)).toBe(true));
  expect(dialer.channel.send(1, Buffer.alloc(65_508))).toBe(false);
  settle();
  expect(acceptor.received.map(([flow]) => flow)).toEqual(sent.map((_, flow) => flow));
  acceptor.received.forEach(([, payload], at) => expect(payload.equals(sent[at] as Buffer)).toBe(true));
  sent.forEach((payload, flow) => acceptor.channel.send(flow, payload));
  settle();
  expect(dialer.received.length).toBe(sent.length);
  dialer.received.forEach(([, payload], at) => expect(payload.equals(sent[at] as Buffer)).toBe(true));
});

test('small datagrams of one turn share packets, and a lone one does not wait for others', () => {
  const { dialer, acceptor, network, pass, flush, settle } = datagramWorld();
  pass(3_000);
  for (let at = 0; at < 100; at += 1) dialer.channel.send(1, bytes(64));
  flush();
  expect(network.flying.length).toBe(Math.ceil(100 / Math.floor((8_952 - 40) / 71)));
  settle();
  expect(acceptor.received.length).toBe(100);
  dialer.channel.send(1, bytes(64));
  flush();
  expect(network.flying.length).toBe(1);
});

test('fragments may come in any order, and twice: the datagram is whole, once', () => {
  const order = fc.array(fc.nat(), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(order, fc.integer({ min: 2_000, max: 65_507 }), (weights, size) => {
      const { dialer, acceptor, network, pass, flush, deliver } = datagramWorld({ sizes: [1_232] });
      pass(1_000);
      dialer.channel.send(5, bytes(size));
      flush();
      const packets = network.take();
      expect(packets.length).toBe(Math.ceil(size / (1_232 - 40 - 15)));
      const weight = (at: number): number => weights[at % weights.length] as number;
      const shuffled = packets.map((packet, at) => [weight(at), packet] as const).toSorted((a, b) => a[0] - b[0]);
      for (const [, packet] of [...shuffled, ...shuffled]) deliver(packet);
      expect(acceptor.received.map(([flow, payload]) => [flow, payload.equals(bytes(size))])).toEqual([[5, true]]);
      expect(acceptor.channel.stats.replayed).toBe(packets.length);
    }),
    { numRuns: 30 },
  );
});

test('one lost fragment costs its datagram and no other, and is forgotten in time', () => {
  const { dialer, acceptor, network, pass, flush, deliver } = datagramWorld({ sizes: [1_232] });
  pass(1_000);
  dialer.channel.send(1, bytes(20_000));
  flush();
  network
    .take()
    .filter((_, at) => at !== 3)
    .forEach(deliver);
  dialer.channel.send(2, bytes(20_000));
  flush();
  network.take().forEach(deliver);
  expect(acceptor.received.map(([flow]) => flow)).toEqual([2]);
  pass(6_000);
  expect(acceptor.channel.stats.incomplete).toBe(1);
});

test('a channel that is closed says nothing, hears nothing and takes nothing', () => {
  const { dialer, acceptor, network, pass, flush, settle } = datagramWorld();
  pass(1_000);
  acceptor.channel.close();
  acceptor.channel.close();
  dialer.channel.send(1, bytes(10));
  settle();
  pass(60_000);
  expect(acceptor.received).toEqual([]);
  expect(acceptor.channel.send(1, bytes(10))).toBe(false);
  expect(dialer.channel.state).toBe('blocked');
  network.take();
  dialer.channel.close();
  flush();
  expect(network.flying).toEqual([]);
});

test('what was sent before the close still leaves', () => {
  const { dialer, acceptor, pass, settle } = datagramWorld();
  pass(1_000);
  dialer.channel.send(1, bytes(10));
  dialer.channel.close();
  settle();
  expect(acceptor.received.length).toBe(1);
});

test('the user may close the channel while it is told of a datagram', () => {
  const { dialer, acceptor, pass, settle } = datagramWorld();
  pass(1_000);
  const take = acceptor.received.push.bind(acceptor.received);
  acceptor.received.push = (...items) => {
    acceptor.channel.close();
    return take(...items);
  };
  for (let at = 0; at < 3; at += 1) dialer.channel.send(at, bytes(10));
  settle();
  expect(acceptor.received.length).toBe(1);
});
