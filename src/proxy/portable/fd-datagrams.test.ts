import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/support/relay-wait.ts';
import { kept } from '../../lib/volatile.ts';
import { AF_INET, SOCK_DGRAM } from '../../sys/constants.ts';
import { EventLoop } from '../../sys/event-loop.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import { encodeIp } from '../../sys/sockaddr.ts';
import { bindIp, connectIp, localEndpoint, socketIn, socketPair } from '../../sys/sockets.ts';
import { DatagramMemory } from './datagram-memory.ts';
import { FdDatagrams } from './fd-datagrams.ts';

const memory = new DatagramMemory(EventLoop.here() as EventLoop);

/** A socket, what it heard, and what became of what it sent. */
class End implements Disposable {
  readonly received: Buffer[] = [];
  readonly errors: Error[] = [];
  readonly keys = new Set<unknown>();
  sent = 0;
  bytes = 0;
  dropped = 0;
  readonly datagrams: FdDatagrams;
  readonly name: Buffer;

  constructor(socket: OwnedFd) {
    this.name = encodeIp(localEndpoint(socket.fd) ?? { host: '', port: 0 });
    this.datagrams = new FdDatagrams(memory, socket, {
      onDatagram: (data, { key }) => {
        this.received.push(kept(data));
        this.keys.add(key);
      },
      onError: (error) => this.errors.push(error),
    });
  }

  to(name?: Buffer) {
    const report = {
      sent: (datagrams: number, bytes: number) => {
        this.sent += datagrams;
        this.bytes += bytes;
      },
      dropped: (datagrams: number) => {
        this.dropped += datagrams;
      },
    };
    return this.datagrams.destination(report, name);
  }

  [Symbol.dispose](): void {
    this.datagrams[Symbol.dispose]();
  }
}

let one: End;
let two: End;
beforeEach(() => {
  [one, two] = [new End(bound()), new End(bound())];
});
afterEach(() => {
  for (const end of [one, two]) end[Symbol.dispose]();
});

function bound(): OwnedFd {
  const socket = socketIn(undefined, AF_INET, SOCK_DGRAM);
  bindIp(socket.fd, { host: '127.0.0.1', port: 0 });
  return socket;
}

test('datagrams that leave and come together are told one by one, each as it was sent', async () => {
  const there = one.to(two.name);
  // Equal ones are joined on their way; those that follow a shorter one, or are larger than the kernel joins, are not.
  const sizes = [...Array.from({ length: 100 }, () => 1_200), 3, 1_200, 0, 65_507, 9_000, 9_000, 9_000, 1];
  for (const [at, size] of sizes.entries()) one.datagrams.send(Buffer.alloc(size, at), there);
  await until('all have come', () => two.received.length === sizes.length || undefined);
  expect(two.received.map(({ length }) => length)).toEqual(sizes);
  for (const [at, bytes] of two.received.entries()) expect(bytes.equals(Buffer.alloc(bytes.length, at))).toBe(true);
  expect(two.keys.size).toBe(1);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect([one.sent, one.bytes, one.dropped]).toEqual([sizes.length, bytes, 0]);
});

test('what two sockets send in one turn arrives by each of them, and what was sent before a close leaves', async () => {
  for (let at = 0; at < 5; at += 1) {
    one.datagrams.send(Buffer.from(`one ${at}`), one.to(two.name));
    two.datagrams.send(Buffer.from(`two ${at}`), two.to(one.name));
  }
  one.datagrams.send(Buffer.from('the last'), one.to(two.name));
  one[Symbol.dispose]();
  one.datagrams.send(Buffer.from('too late'), one.to(two.name));
  expect([one.sent, one.dropped]).toEqual([6, 1]);
  await until('all have come', () => two.received.length === 6 || undefined);
  expect(two.received.map(String).at(-1)).toBe('the last');
  expect(two.sent).toBe(5);
});

test('that nobody is there is told, and costs no datagram but those that nobody took', async () => {
  const gone = bound();
  const port = localEndpoint(gone.fd)?.port ?? 0;
  gone[Symbol.dispose]();
  const socket = socketIn(undefined, AF_INET, SOCK_DGRAM);
  connectIp(socket.fd, { host: '127.0.0.1', port });
  using end = new End(socket);
  for (const text of ['a', 'b']) {
    end.datagrams.send(Buffer.from(text), end.to());
    end.datagrams.flush();
  }
  await until('it was told', () => end.errors.length > 0 || undefined);
  // The answer to the first was met by the second, which left nevertheless.
  expect([end.sent, end.dropped]).toEqual([2, 0]);
});

test('a socket that cannot be used is closed', () => {
  const [near, far] = socketPair();
  const user = { onDatagram: () => {}, onError: () => {} };
  expect(() => new FdDatagrams(memory, near, user)).toThrow('EOPNOTSUPP');
  expect(near.open).toBe(false);
  far[Symbol.dispose]();
});
