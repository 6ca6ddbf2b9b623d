/**
 * A UDP socket on the thread's own event loop (Linux): batches in by recvmmsg(2), each datagram out at once, no object of
 * Node.js for any of them.
 */
import { isIPv6 } from 'node:net';
import { AF_INET, EPOLLIN, MSG_DONTWAIT, MSG_NOSIGNAL } from '../../sys/constants.ts';
import { Errno, SyscallError } from '../../sys/errno.ts';
import type { EventLoop, Registration } from '../../sys/event-loop.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { DatagramBatch } from '../../sys/mmsg.ts';
import { decodeIp, type IpEndpoint } from '../../sys/sockaddr.ts';
import { localEndpoint } from '../../sys/sockets.ts';
import { prepareDatagramSocket } from '../datagram/datagram-socket.ts';
import { type FlowKey, flowKey } from '../datagram/flow-key.ts';

/** Datagrams in one call, and calls in one turn. */
const datagrams = 32;
const batchesPerTurn = 8;

/** One for all sockets of the thread: a batch is dealt with before the next one is read. */
let batch: DatagramBatch | undefined;

/** Where a datagram came from; good until the listener returns. */
export interface DatagramSource {
  /** The same for every datagram of one sender, and no other's. */
  readonly key: FlowKey;
  /** The sockaddr; a copy. */
  name(): Buffer;
  endpoint(): IpEndpoint;
}

export interface FdDatagramsUser {
  /** @param data the user's to keep */
  onDatagram(data: Buffer, source: DatagramSource): void;
  /** ICMP says that nobody is there; more may come. */
  onError(error: Error): void;
}

export class FdDatagrams implements Disposable {
  readonly #socket: OwnedFd;
  readonly #user: FdDatagramsUser;
  readonly #registration: Registration;

  /** @param socket bound or connected, non-blocking; owned from now on */
  constructor(loop: EventLoop, socket: OwnedFd, user: FdDatagramsUser) {
    this.#socket = socket;
    this.#user = user;
    prepareDatagramSocket(socket.fd, isIPv6(localEndpoint(socket.fd)?.host.split('%')[0] ?? ''));
    this.#registration = loop.add(socket.fd, () => this.#receive(), EPOLLIN);
  }

  /** @param to a sockaddr; absent = where it is connected to @returns false when it was dropped */
  send(data: Buffer, to?: Buffer): boolean {
    if (!this.#socket.open) return false;
    let sent = this.#trySend(data, to);
    if (sent === -Errno.ECONNREFUSED) {
      // That was of an earlier one, and is told once.
      this.#user.onError(new SyscallError('send', Errno.ECONNREFUSED));
      if (this.#socket.open) sent = this.#trySend(data, to);
    }
    return sent === data.length;
  }

  [Symbol.dispose](): void {
    if (!this.#socket.open) return;
    this.#registration.remove();
    this.#socket[Symbol.dispose]();
  }

  #trySend(data: Buffer, to: Buffer | undefined): number {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const { fd } = this.#socket;
    return to === undefined
      ? libc.sendBytes(fd, data, data.length, flags)
      : libc.sendBytesTo(fd, data, data.length, flags, to, to.length);
  }

  #receive(): void {
    batch ??= new DatagramBatch(datagrams);
    for (let turns = 0; turns < batchesPerTurn; turns += 1) {
      if (!this.#socket.open) return;
      const count = batch.receive(this.#socket.fd);
      if (count === -Errno.EAGAIN) return;
      if (count < 0) {
        this.#user.onError(new SyscallError('recvmmsg', -count));
        continue;
      }
      for (let i = 0; i < count && this.#socket.open; i += 1) {
        this.#user.onDatagram(Buffer.from(batch.bytes(i)), sourceOf(batch, i));
      }
      batch.rearm(count);
      // A batch that is not full leaves the socket empty; what comes now is another event.
      if (count < datagrams) return;
    }
    this.#registration.again();
  }
}

function sourceOf(from: DatagramBatch, i: number): DatagramSource {
  const { buffer } = from.names;
  const at = from.nameAt(i);
  const end = at + (buffer.readUInt16LE(at) === AF_INET ? 16 : 28);
  return {
    key: flowKey(from, i, false),
    name: () => Buffer.from(buffer.subarray(at, end)),
    endpoint: () => decodeIp(buffer.subarray(at, end)) as IpEndpoint,
  };
}
