import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  IPV6_RECVPKTINFO,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './constants.ts';
import { Errno } from './errno.ts';
import type { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import { DatagramBatch } from './mmsg.ts';
import { decodeIp, encodeIp } from './sockaddr.ts';
import { bindIp, localEndpoint, setOption, socketIn } from './sockets.ts';

const NOTHING = Buffer.alloc(0);
/** The largest payload of UDP over IPv4. */
const UDP_MAX = 65_507;

const sending = new DatagramBatch(16);
const receiving = new DatagramBatch(16);
const memory = new NativeMemory(28);

let here: OwnedFd;
let there: OwnedFd;

beforeEach(() => {
  here = bound('127.0.0.1');
  there = bound('127.0.0.1');
});
afterEach(() => {
  for (const socket of [here, there]) socket[Symbol.dispose]();
});

function bound(host: string): OwnedFd {
  const socket = socketIn(undefined, host.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
  for (const option of [SO_SNDBUF, SO_RCVBUF]) setOption(socket.fd, SOL_SOCKET, option, 4 << 20);
  bindIp(socket.fd, { host, port: 0 });
  return socket;
}

function sockaddr(socket: OwnedFd): Buffer {
  const endpoint = localEndpoint(socket.fd);
  if (endpoint === undefined) throw new Error('not bound');
  return encodeIp(endpoint);
}

/** Sends `datagrams` as one batch. @returns what the kernel answered */
function send(from: OwnedFd, to: OwnedFd, datagrams: readonly Uint8Array[], control = NOTHING): number {
  datagrams.forEach((datagram, i) => sending.fill(i, datagram));
  sending.address(sockaddr(to), control);
  return sending.send(from.fd, 0, datagrams.length);
}

/** Copies of one batch, which is made ready again. */
function receive(socket: OwnedFd): Buffer[] {
  const count = receiving.receive(socket.fd);
  expect(count).toBeGreaterThanOrEqual(0);
  const copies = Array.from({ length: count }, (_, i) => Buffer.from(receiving.bytes(i)));
  receiving.rearm(count);
  return copies;
}

function patterned(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 255;
  return bytes;
}

describe('a batch of datagrams', () => {
  test('goes out and comes in by one call each, whatever the sizes (XT20)', () => {
    const datagrams = [0, 1, UDP_MAX, 0, 1472, 9000, UDP_MAX, 1].map(patterned);
    expect(send(here, there, datagrams)).toBe(datagrams.length);
    const received = receive(there);
    expect(received.map(({ length }) => length)).toEqual(datagrams.map(({ length }) => length));
    expect(received.every((datagram, i) => datagram.equals(datagrams[i] as Buffer))).toBe(true);
  });

  test('comes in as it went out, batch after batch in the same memory', () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: UDP_MAX }));
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 16 }), (lengths) => {
        const datagrams = lengths.map(patterned);
        expect(send(here, there, datagrams)).toBe(datagrams.length);
        expect(Buffer.concat(receive(there)).equals(Buffer.concat(datagrams))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('takes no more than it has room for, and the rest next time', () => {
    const datagrams = Array.from({ length: 16 }, (_, i) => patterned(10, i));
    send(here, there, datagrams);
    send(here, there, datagrams.slice(0, 4));
    expect(receive(there)).toHaveLength(16);
    expect(receive(there)).toHaveLength(4);
    expect(receiving.receive(there.fd)).toBe(-Errno.EAGAIN);
  });

  test('is forwarded out of the memory it came into', () => {
    using last = bound('127.0.0.1');
    const datagrams = [0, 3, UDP_MAX].map(patterned);
    send(here, there, datagrams);
    expect(receiving.receive(there.fd)).toBe(3);
    receiving.address(sockaddr(last), NOTHING);
    expect(receiving.send(there.fd, 0, 3)).toBe(3);
    receiving.rearm(3);
    const received = receive(last);
    expect(received.every((datagram, i) => datagram.equals(datagrams[i] as Buffer))).toBe(true);
  });

  test('may be sent in part', () => {
    ['a', 'b', 'c', 'd'].forEach((text, i) => sending.fill(i, Buffer.from(text)));
    sending.address(sockaddr(there), NOTHING);
    expect(sending.send(here.fd, 1, 2)).toBe(2);
    expect(receive(there).map(String)).toEqual(['b', 'c']);
  });

  test('stops before a datagram that is too large, which is an error when it comes first', () => {
    const tooLarge = patterned(UDP_MAX + 1, 0);
    expect(send(here, there, [Buffer.from('a'), tooLarge, Buffer.from('b')])).toBe(1);
    expect(sending.send(here.fd, 1, 2)).toBe(-Errno.EMSGSIZE);
    expect(receive(there).map(String)).toEqual(['a']);
  });

  test('goes to the peer of a connected socket without an address, also after one with', () => {
    send(here, there, [Buffer.from('by name')]);
    const to = sockaddr(there);
    memory.buffer.set(to);
    expect(libc.connect(here.fd, memory.address, to.length)).toBe(0);
    sending.address(NOTHING, NOTHING);
    sending.fill(0, Buffer.from('connected'));
    expect(sending.send(here.fd, 0, 1)).toBe(1);
    expect(receive(there).map(String)).toEqual(['by name', 'connected']);
  });
});

describe('the sender of a datagram', () => {
  test('is known for each of a batch, also when the families alternate', () => {
    using v6 = bound('::1');
    using v6Sender = bound('::1');
    using other = bound('127.0.0.1');
    for (let round = 0; round < 3; round++) {
      send(here, there, [Buffer.from('one')]);
      send(other, there, [Buffer.from('two')]);
      expect(receiving.receive(there.fd)).toBe(2);
      expect([sender(0), sender(1)]).toEqual([localEndpoint(here.fd), localEndpoint(other.fd)]);
      receiving.rearm(2);
      send(v6Sender, v6, [Buffer.from('six')]);
      expect(receiving.receive(v6.fd)).toBe(1);
      expect(sender(0)).toEqual(localEndpoint(v6Sender.fd));
      receiving.rearm(1);
    }
  });
});

describe('ancillary data', () => {
  test('tells the IPv4 address that was asked, and makes the answer leave from it', () => {
    using head = bound('0.0.0.0');
    setOption(head.fd, IPPROTO_IP, IP_PKTINFO, 1);
    const { port } = localEndpoint(head.fd) as { port: number };
    sending.fill(0, Buffer.from('who?'));
    for (const asked of ['127.0.0.9', '127.1.2.3']) {
      sending.address(encodeIp({ host: asked, port }), NOTHING);
      expect(sending.send(here.fd, 0, 1)).toBe(1);
      expect(receiving.receive(head.fd)).toBe(1);
      const at = receiving.controlAt(0);
      const { view, buffer } = receiving.controls;
      expect([view.getInt32(at + 8, true), view.getInt32(at + 12, true)]).toEqual([IPPROTO_IP, IP_PKTINFO]);
      // in_pktinfo { ifindex:4 spec_dst:4 addr:4 } behind a header of 16
      expect([...buffer.subarray(at + 24, at + 28)].join('.')).toBe(asked);
      const control = Buffer.alloc(32);
      buffer.copy(control, 0, at, at + 28);
      receiving.address(Buffer.from(sockaddr(here)), control);
      expect(receiving.send(head.fd, 0, 1)).toBe(1);
      receiving.rearm(1);
      expect(receiving.receive(here.fd)).toBe(1);
      expect(sender(0)).toEqual({ host: asked, port });
      receiving.rearm(1);
    }
  });

  test('tells the IPv6 address that was asked', () => {
    using head = bound('::');
    using client = bound('::1');
    setOption(head.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    const { port } = localEndpoint(head.fd) as { port: number };
    sending.fill(0, Buffer.from('who?'));
    sending.address(encodeIp({ host: '::1', port }), NOTHING);
    expect(sending.send(client.fd, 0, 1)).toBe(1);
    expect(receiving.receive(head.fd)).toBe(1);
    const at = receiving.controlAt(0);
    const { view, buffer } = receiving.controls;
    expect([view.getInt32(at + 8, true), view.getInt32(at + 12, true)]).toEqual([IPPROTO_IPV6, IPV6_PKTINFO]);
    expect(buffer.toString('hex', at + 16, at + 32)).toBe('00000000000000000000000000000001');
    receiving.rearm(1);
  });

  test('has room again after every rearm', () => {
    using head = bound('0.0.0.0');
    setOption(head.fd, IPPROTO_IP, IP_PKTINFO, 1);
    const { port } = localEndpoint(head.fd) as { port: number };
    for (let round = 0; round < 5; round++) {
      // A plain socket in between shortens the lengths that the kernel was given.
      send(here, there, [NOTHING]);
      receive(there);
      receiving.controls.buffer.fill(0);
      sending.fill(0, Buffer.from('x'));
      sending.address(encodeIp({ host: '127.0.0.7', port }), NOTHING);
      sending.send(here.fd, 0, 1);
      expect(receiving.receive(head.fd)).toBe(1);
      expect(receiving.controls.view.getInt32(receiving.controlAt(0) + 12, true)).toBe(IP_PKTINFO);
      receiving.rearm(1);
    }
  });
});

function sender(i: number) {
  const at = receiving.nameAt(i);
  return decodeIp(receiving.names.buffer.subarray(at, at + 28));
}
