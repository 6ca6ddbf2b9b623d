import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { muxStreams } from '../../../test/support/mux-streams.ts';
import { DatagramFlows } from './flows.ts';
import { maxDatagram } from './frames.ts';
import { StreamDatagrams } from './stream-datagrams.ts';

const nothing = Buffer.alloc(0);

function logging() {
  const received: Buffer[] = [];
  const over: (string | undefined)[] = [];
  const user = {
    onDatagram: (payload: Buffer) => received.push(payload),
    onOver: (error?: Error) => over.push(error?.message),
  };
  return { received, over, user };
}

/** A channel that takes everything while it is direct, and keeps it. */
function channel() {
  const sent: [number, string][] = [];
  const it = {
    direct: true,
    sent,
    send: (flow: number, payload: Buffer) => it.direct && sent.push([flow, payload.toString()]) > 0,
  };
  return it;
}

test('a flow takes the channel while it is direct, and its stream while it is not, both ways', () => {
  const { open, carry } = muxStreams();
  const [near, far] = open();
  const ends = [new DatagramFlows(), new DatagramFlows()] as const;
  const logs = [logging(), logging()] as const;
  const flow = ends[0].add(near, nothing, logs[0].user);
  const other = ends[1].add(far, nothing, logs[1].user);
  expect(flow.number).toBe(other.number);
  flow.send(Buffer.from('no channel yet'));
  const udp = channel();
  ends[0].channel = udp;
  flow.send(Buffer.from('direct'));
  for (const [number, text] of udp.sent) ends[1].deliver(number, Buffer.from(text));
  udp.direct = false;
  flow.send(Buffer.from('blocked'));
  carry();
  udp.direct = true;
  flow.send(Buffer.from('direct again'));
  other.send(Buffer.from('back'));
  carry();
  expect(udp.sent.map(([, text]) => text)).toEqual(['direct', 'direct again']);
  expect(logs[1].received.map(String)).toEqual(['direct', 'no channel yet', 'blocked']);
  expect(logs[0].received.map(String)).toEqual(['back']);
});

test('datagrams of every size keep their bounds on a stream, however its bytes are cut', () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: maxDatagram }));
  const cut = fc.integer({ min: 1, max: 50_000 });
  fc.assert(
    fc.property(fc.array(size, { maxLength: 8 }), fc.array(cut, { minLength: 1, maxLength: 9 }), (sizes, cuts) => {
      const { open, carry, pipes } = muxStreams();
      const [near, far] = open();
      const log = logging();
      const sender = new StreamDatagrams(near, nothing, logging().user);
      const receiver = new StreamDatagrams(far, nothing, log.user);
      for (const [at, bytes] of sizes.entries()) {
        expect(sender.send(Buffer.alloc(bytes, at + 1))).toBe(true);
        const under = pipes[0].take();
        for (let from = 0, turn = 0; from < under.length; turn += 1) {
          const step = cuts[turn % cuts.length] as number;
          pipes[1].feed(under.subarray(from, from + step));
          from += step;
        }
        carry();
      }
      expect(log.received.map(({ length }) => length)).toEqual(sizes);
      for (const [at, payload] of log.received.entries()) expect(payload.every((byte) => byte === at + 1)).toBe(true);
      receiver.end();
    }),
    { numRuns: 50 },
  );
});

test('bytes that were read with the head of the stream are the beginning of its datagrams', () => {
  const { open, carry } = muxStreams();
  const [near, far] = open();
  const log = logging();
  near.write(Buffer.from([0, 2, 7, 8, 0]));
  carry();
  const receiver = new StreamDatagrams(far, far.read() as Buffer, log.user);
  near.write(Buffer.from([1, 9, 0, 0]));
  carry();
  expect(log.received.map((payload) => [...payload])).toEqual([[7, 8], [9], []]);
  receiver.end();
});

test('A22: a datagram that comes in single bytes costs no more than its bytes', () => {
  const { open } = muxStreams();
  const [, far] = open();
  const log = logging();
  const receiver = new StreamDatagrams(far, nothing, log.user);
  const slices = Array.from(Buffer.concat([Buffer.from([0xff, 0xe3]), Buffer.alloc(maxDatagram, 5)]), (byte) =>
    Buffer.of(byte),
  );
  const read = far.read.bind(far);
  far.read = () => slices.shift() ?? read();
  const concat = vi.spyOn(Buffer, 'concat');
  receiver.onReadable();
  const copies = concat.mock.calls.length;
  concat.mockRestore();
  expect(log.received.map(({ length }) => length)).toEqual([maxDatagram]);
  expect(copies).toBeLessThan(4);
  receiver.end();
});

test('A22 what waits for a stream is told, and where memory is scarce nothing does', () => {
  const { open, pipes } = muxStreams();
  const [near] = open();
  let bytes = 0;
  const held = { add: (more: number) => void (bytes += more), scarce: false, exhausted: false };
  const sender = new StreamDatagrams(near, nothing, logging().user, held);
  pipes[0].room = false;
  const send = (): boolean => sender.send(Buffer.alloc(1_000));
  for (let at = 0; at < 1_000; at += 1) send();
  expect(bytes).toBeGreaterThan(200_000);
  held.scarce = true;
  send();
  expect(bytes).toBe(0);
  sender.end();
});

test('a stream that takes nothing holds bounded memory; the newest datagrams are those that arrive', () => {
  const { open, carry, pipes } = muxStreams();
  const [near, far] = open();
  const log = logging();
  const sender = new StreamDatagrams(near, nothing, logging().user);
  pipes[0].room = false;
  const count = 5_000;
  for (let at = 0; at < count; at += 1) {
    const payload = Buffer.alloc(1_000);
    payload.writeUInt32BE(at);
    expect(sender.send(payload)).toBe(true);
    expect(near.waiting.sending).toBeLessThan(300_000);
  }
  expect(sender.dropped).toBeGreaterThan(count - 1_000);
  pipes[0].room = true;
  const receiver = new StreamDatagrams(far, nothing, log.user);
  carry();
  const numbers = log.received.map((payload) => payload.readUInt32BE(0));
  expect(numbers.length).toBe(count - sender.dropped);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(numbers.at(-1)).toBe(count - 1);
  receiver.end();
});

test('a flood on one flow does not hold up another flow, nor any other stream', () => {
  const { open, carry, pipes } = muxStreams();
  const [flooded] = open();
  const [near, far] = open();
  const flood = new StreamDatagrams(flooded, nothing, logging().user);
  const log = logging();
  const quiet = new StreamDatagrams(near, nothing, logging().user);
  const receiver = new StreamDatagrams(far, nothing, log.user);
  pipes[0].room = false;
  for (let at = 0; at < 10_000; at += 1) flood.send(Buffer.alloc(1_000));
  expect(quiet.send(Buffer.from('here'))).toBe(true);
  pipes[0].room = true;
  carry();
  expect(log.received.map(String)).toEqual(['here']);
  expect(quiet.dropped).toBe(0);
  receiver.end();
});

test('a length beyond what a datagram can have resets the stream', () => {
  const { open, carry } = muxStreams();
  const [near, far] = open();
  const log = logging();
  const receiver = new StreamDatagrams(far, nothing, log.user);
  near.write(Buffer.from([0xff, 0xf0, 1, 2, 3]));
  carry();
  expect(far.closed).toBe(true);
  expect(log.over.length).toBe(1);
  expect(receiver.send(Buffer.of(1))).toBe(false);
});

test('a datagram that is too large is not taken, by either way', () => {
  const { open } = muxStreams();
  const [near] = open();
  const flow = new DatagramFlows().add(near, nothing, logging().user);
  expect(flow.send(Buffer.alloc(maxDatagram + 1))).toBe(false);
  expect(flow.dropped).toBe(1);
  expect(flow.send(Buffer.alloc(maxDatagram))).toBe(true);
});

test.each(['end', 'reset', 'destroy'] as const)(
  'a flow that is over at one end (%s) is over at the other, and forgotten',
  (how) => {
    const { open, carry, sessions } = muxStreams();
    const [near, far] = open();
    const ends = [new DatagramFlows(), new DatagramFlows()] as const;
    const logs = [logging(), logging()] as const;
    const flow = ends[0].add(near, nothing, logs[0].user);
    const other = ends[1].add(far, nothing, logs[1].user);
    if (how === 'end') flow.end();
    else if (how === 'reset') near.reset();
    else for (const session of sessions) session.destroy();
    carry();
    expect([ends[0].size, ends[1].size]).toEqual([0, 0]);
    expect(logs[1].over.length).toBe(1);
    expect(logs[0].over.length).toBe(how === 'end' ? 0 : 1);
    expect(flow.send(Buffer.of(1))).toBe(false);
    expect(other.send(Buffer.of(1))).toBe(false);
    // One that was under way on the channel meets nobody.
    ends[1].deliver(other.number, Buffer.of(1));
    expect(ends[1].strays).toBe(1);
    expect(logs[1].received).toEqual([]);
  },
);
