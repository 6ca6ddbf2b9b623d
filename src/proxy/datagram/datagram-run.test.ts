import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AF_INET, SO_RCVBUF, SO_SNDBUF, SOCK_DGRAM, SOL_SOCKET } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import { connect } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { DatagramBatch } from '../../sys/mmsg.ts';
import { encodeIp } from '../../sys/sockaddr.ts';
import { bindIp, localEndpoint, setOption, socketIn } from '../../sys/sockets.ts';
import { sendRun } from './datagram-run.ts';

const NOTHING = Buffer.alloc(0);
const batch = new DatagramBatch(32);
const inbox = new DatagramBatch(32);
const memory = new NativeMemory(16);

let upstream: OwnedFd;
let target: OwnedFd;
let refused: number;

const udp = (): OwnedFd => {
  const socket = socketIn(undefined, AF_INET, SOCK_DGRAM);
  for (const option of [SO_SNDBUF, SO_RCVBUF]) setOption(socket.fd, SOL_SOCKET, option, 1 << 20);
  bindIp(socket.fd, { host: '127.0.0.1', port: 0 });
  return socket;
};

beforeEach(() => {
  refused = 0;
  target = udp();
  upstream = udp();
  const to = encodeIp(localEndpoint(target.fd) ?? { host: '', port: 0 });
  memory.buffer.set(to);
  expect(connect(upstream.fd, memory.address, to.length)).toBe(0);
  batch.address(NOTHING, NOTHING);
});
afterEach(() => {
  for (const socket of [upstream, target]) socket[Symbol.dispose]();
});

/** Puts texts (or sizes) into the batch and sends them. */
function run(...datagrams: readonly (string | number)[]): number {
  datagrams.forEach((datagram, i) => {
    batch.fill(i, typeof datagram === 'string' ? Buffer.from(datagram) : Buffer.alloc(datagram));
  });
  return sendRun(batch, upstream.fd, 0, datagrams.length, () => refused++);
}

function arrived(socket = target): string[] {
  const count = inbox.receive(socket.fd);
  const texts = Array.from({ length: Math.max(0, count) }, (_, i) => inbox.bytes(i).toString());
  if (count > 0) inbox.rearm(count);
  return texts;
}

/** Takes the target away and sends something, so that its host has said "port unreachable". */
function makeRefused(): number {
  const { port } = localEndpoint(target.fd) as { port: number };
  target[Symbol.dispose]();
  expect(run('into the void')).toBe(1);
  return port;
}

describe('a run of datagrams', () => {
  test('leaves in order', () => {
    expect(run('a', 'b', '', 'c')).toBe(4);
    expect(arrived()).toEqual(['a', 'b', '', 'c']);
    expect(refused).toBe(0);
  });

  test('loses one that is too large for UDP, and no other (EMSGSIZE)', () => {
    expect(run('a', 65_508, 'b', 65_508, 65_508, 'c')).toBe(3);
    expect(arrived()).toEqual(['a', 'b', 'c']);
  });

  test('is sent all the same after an ICMP error about an earlier one, and the refusal is told once', () => {
    const port = makeRefused();
    using back = udpOn(port);
    expect(run('a', 'b', 'c')).toBe(3);
    expect(refused).toBe(1);
    expect(arrived(back)).toEqual(['a', 'b', 'c']);
  });

  test('ends although every datagram is refused', () => {
    makeRefused();
    for (let i = 0; i < 50; i++) {
      refused = 0;
      const sent = run('a', 'b', 'c', 'd');
      expect(sent).toBeGreaterThanOrEqual(0);
      expect(sent).toBeLessThanOrEqual(4);
      expect(refused).toBeLessThanOrEqual(1);
    }
  });

  test('stops when the socket is full, and says how many left', () => {
    const answers: number[] = [];
    const full = {
      send: (_fd: number, first: number, count: number) => {
        answers.push(first);
        return answers.length === 1 ? Math.min(2, count) : -Errno.EAGAIN;
      },
    };
    expect(sendRun(full as unknown as DatagramBatch, -1, 3, 5, () => refused++)).toBe(2);
    expect(answers).toEqual([3, 5]);
  });

  test.each([
    ['EINTR is tried again', -Errno.EINTR, 3],
    ['ENOBUFS ends the run', -Errno.ENOBUFS, 0],
    ['EPERM (a firewall) loses one', -Errno.EPERM, 2],
  ])('%s', (_what, first, sent) => {
    const answers = [first];
    const scripted = { send: (_fd: number, _first: number, count: number) => answers.shift() ?? count };
    expect(sendRun(scripted as unknown as DatagramBatch, -1, 0, 3, () => refused++)).toBe(sent);
    expect(refused).toBe(0);
  });

  test('ends even if the kernel refused for ever', () => {
    const never = { send: () => -Errno.ECONNREFUSED };
    expect(sendRun(never as unknown as DatagramBatch, -1, 0, 8, () => refused++)).toBe(0);
    expect(refused).toBe(1);
  });
});

function udpOn(port: number): OwnedFd {
  const socket = socketIn(undefined, AF_INET, SOCK_DGRAM);
  bindIp(socket.fd, { host: '127.0.0.1', port });
  return socket;
}
