import { constants } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AF_INET, IPPROTO_UDP, SO_RCVBUF, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET, UDP_GRO } from './constants.ts';
import { Errno } from './errno.ts';
import type { OwnedFd } from './fd.ts';
import { DatagramBatch } from './mmsg.ts';
import { type Destination, SegmentBatch } from './segments.ts';
import { encodeIp } from './sockaddr.ts';
import { bindIp, localEndpoint, setOption, socketIn } from './sockets.ts';
import { sourceControl } from './source-address.ts';

const NOTHING = Buffer.alloc(0);
const sending = new SegmentBatch(256 << 10, 8);
const receiving = new DatagramBatch(64);
let from: OwnedFd;
let one: OwnedFd;
let two: OwnedFd;

beforeEach(() => {
  [from, one, two] = [bound(), bound(), bound()];
  sending.clear();
});
afterEach(() => {
  for (const socket of [from, one, two]) socket[Symbol.dispose]();
});

function bound(): OwnedFd {
  const socket = socketIn(undefined, AF_INET, SOCK_DGRAM);
  for (const option of [SO_SNDBUF, SO_RCVBUF]) setOption(socket.fd, SOL_SOCKET, option, 4 << 20);
  bindIp(socket.fd, { host: '127.0.0.1', port: 0 });
  return socket;
}

function to(socket: OwnedFd): Destination {
  const { host, port } = localEndpoint(socket.fd) ?? { host: '', port: 0 };
  return { name: encodeIp({ host, port }), control: NOTHING };
}

/** Writes a packet of `length` bytes, all of them `mark`. */
function put(length: number, mark: number, destination: Destination): void {
  const space = sending.space(1_350);
  if (space === undefined) throw new Error('no room');
  space.fill(mark, 0, length);
  sending.commit(length, destination);
}

/** Lengths and marks of what has arrived. */
function arrived(socket: OwnedFd): [number, number][] {
  const count = Math.max(0, receiving.receive(socket.fd));
  const packets = Array.from({ length: count }, (_, i): [number, number] => [
    receiving.length(i),
    receiving.bytes(i)[0] ?? -1,
  ]);
  receiving.rearm(count);
  return packets;
}

describe('packets on their way out', () => {
  test('arrive as they were written, each at its destination, in order', () => {
    const [a, b] = [to(one), to(two)];
    for (let i = 0; i < 10; i += 1) put(1_350, i, a);
    put(300, 10, a);
    put(1_200, 11, b);
    put(1_350, 12, b);
    put(50, 13, a);
    expect(sending.flush(from.fd)).toBe(true);
    expect(sending.empty).toBe(true);
    const full = Array.from({ length: 10 }, (_, i): [number, number] => [1_350, i]);
    expect(arrived(one)).toEqual([...full, [300, 10], [50, 13]]);
    expect(arrived(two)).toEqual([
      [1_200, 11],
      [1_350, 12],
    ]);
  });

  test('are handed over as one message that a receiver may take as one', () => {
    setOption(one.fd, IPPROTO_UDP, UDP_GRO, 1);
    const a = to(one);
    for (let i = 0; i < 20; i += 1) put(1_000, i, a);
    sending.flush(from.fd);
    expect(arrived(one)).toEqual([[20_000, 0]]);
  });

  test('are never more than the kernel takes in a run', () => {
    const a = to(one);
    for (let i = 0; i < 150; i += 1) put(1_350, i, a);
    sending.flush(from.fd);
    const marks: number[] = [];
    for (let got = arrived(one); got.length > 0; got = arrived(one)) marks.push(...got.map(([, mark]) => mark));
    expect(marks).toEqual(Array.from({ length: 150 }, (_, i) => i));
    expect(a.largest).toBeUndefined();
  });

  test('go one by one where a run is refused, and none of them is lost', () => {
    const a = to(one);
    for (let i = 0; i < 3; i += 1) {
      sending.space(1_350)?.fill(i);
      sending.commit(1_350, a);
    }
    // No segment size that the kernel would take for a run with this destination: a socket without checksums.
    setOption(from.fd, SOL_SOCKET, 11, 1); // SO_NO_CHECK
    sending.flush(from.fd);
    expect(a.largest).toBe(1_349);
    expect(arrived(one)).toEqual([
      [1_350, 0],
      [1_350, 1],
      [1_350, 2],
    ]);
  });

  test('do not hold up each other: who cannot be reached costs only its own', () => {
    const nowhere: Destination = { name: encodeIp({ host: '255.255.255.255', port: 9 }), control: NOTHING };
    put(100, 1, nowhere);
    put(100, 2, to(one));
    expect(sending.flush(from.fd)).toBe(true);
    expect(arrived(one)).toEqual([[100, 2]]);
  });

  test('are answered for: what left, and what did not and why', () => {
    const told: unknown[] = [];
    const owned = (destination: Destination): Destination => ({
      ...destination,
      sent: (packets, bytes) => told.push(['sent', packets, bytes]),
      lost: (packets, size, errno) => told.push(['lost', packets, size, errno]),
    });
    const a = owned(to(one));
    for (let i = 0; i < 3; i += 1) put(1_000, i, a);
    put(100, 3, owned({ name: encodeIp({ host: '255.255.255.255', port: 9 }), control: NOTHING }));
    // Larger than any datagram: neither as a run nor by itself.
    for (let i = 0; i < 2; i += 1) sending.add(Buffer.alloc(66_000), a);
    sending.flushOrDrop(from.fd);
    expect(told).toEqual([
      ['sent', 3, 3_000],
      ['lost', 1, 100, constants.errno.EACCES],
      ['lost', 1, 66_000, Errno.EMSGSIZE],
      ['lost', 1, 66_000, Errno.EMSGSIZE],
    ]);
    expect(a.largest).toBeUndefined();
  });

  test('are tried again when their owner has set right what was wrong', () => {
    // 192.0.2.1 is no address of ours to send from.
    const a = { ...to(one), control: sourceControl('192.0.2.1') };
    const trouble = (): boolean => {
      a.control = NOTHING;
      return true;
    };
    const destination: Destination = Object.assign(a, { trouble });
    for (let i = 0; i < 3; i += 1) put(100, i, destination);
    sending.flushOrDrop(from.fd);
    expect(arrived(one)).toHaveLength(3);
    expect(destination.largest).toBeUndefined();
  });

  test('there is no room beyond what was allotted', () => {
    const a = to(one);
    for (let i = 0; i < 8; i += 1) put(10 + i, i, a);
    expect(sending.space(1_350)).toBeUndefined();
    sending.flush(from.fd);
    expect(sending.space(1_350)).toHaveLength(1_350);
  });
});
