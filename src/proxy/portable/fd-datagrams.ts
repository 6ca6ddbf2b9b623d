/**
 * A UDP socket on the thread's own event loop (Linux): batches in by recvmmsg(2) and out by sendmmsg(2), datagrams that go the
 * same way as one message (UDP_GRO, UDP_SEGMENT), and no object of Node.js for any of them.
 */
import { isIPv6 } from 'node:net';
import { AF_INET, EPOLLIN } from '../../sys/constants.ts';
import { eachPacket, receiveJoined } from '../../sys/control-data.ts';
import { Errno, SyscallError } from '../../sys/errno.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';
import type { Registration } from '../../sys/registration.ts';
import type { Destination } from '../../sys/segments.ts';
import { decodeIp, type IpEndpoint } from '../../sys/sockaddr.ts';
import { localEndpoint } from '../../sys/sockets.ts';
import { prepareDatagramSocket } from '../datagram/datagram-socket.ts';
import { type FlowKey, flowKey } from '../datagram/flow-key.ts';
import type { SendReport } from './datagram-end.ts';
import type { DatagramMemory, Sender } from './datagram-memory.ts';

/** Datagrams in one turn, or a few more. */
const datagramsPerTurn = 512;

const none = Buffer.alloc(0);

/** Where a datagram came from; good until the listener returns. */
export interface DatagramSource {
  /** The same for every datagram of one sender, and no other's. */
  readonly key: FlowKey;
  /** The sockaddr; a copy. */
  name(): Buffer;
  endpoint(): IpEndpoint;
}

export interface FdDatagramsUser {
  /** @param data volatile: good until this returns */
  onDatagram(data: Buffer, source: DatagramSource): void;
  /** ICMP says that nobody is there; more may come. */
  onError(error: Error): void;
}

export class FdDatagrams implements Disposable, Sender {
  readonly #socket: OwnedFd;
  readonly #user: FdDatagramsUser;
  readonly #memory: DatagramMemory;
  readonly #registration: Registration;
  readonly #source: BatchSource;
  #refused = false;
  #left = 0;
  /** One message may be several datagrams, all of the sender that the source stands at. */
  readonly #datagram = (data: Buffer): void => {
    this.#left -= 1;
    if (this.#socket.open) this.#user.onDatagram(data, this.#source);
  };

  /** @param socket bound or connected, non-blocking; owned from now on, also when this throws */
  constructor(memory: DatagramMemory, socket: OwnedFd, user: FdDatagramsUser) {
    this.#memory = memory;
    this.#socket = socket;
    this.#user = user;
    this.#source = new BatchSource(memory.incoming);
    this.#registration = memory.loop.addOwned(socket, () => this.#receive(), EPOLLIN);
    try {
      prepareDatagramSocket(socket.fd, isIPv6(localEndpoint(socket.fd)?.host.split('%')[0] ?? ''));
      receiveJoined(socket.fd);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  get fd(): number {
    return this.#socket.fd;
  }

  /** Somebody to send to. @param name a sockaddr; absent = where it is connected to */
  destination(report: SendReport, name: Buffer = none): Destination {
    return {
      name,
      control: none,
      sent: (datagrams, bytes) => report.sent(datagrams, bytes),
      lost: (datagrams) => report.dropped(datagrams),
      trouble: (errno) => {
        this.#refused ||= errno === Errno.ECONNREFUSED;
        return false;
      },
    };
  }

  /** Copies the datagram; the report of `to` tells what became of it, at the end of this turn at the latest. */
  send(data: Buffer, to: Destination): void {
    if (this.#socket.open) this.#memory.send(this, data, to);
    else to.lost?.(1, data.length, Errno.EAGAIN);
  }

  /** What was sent leaves. */
  flush(): void {
    this.#memory.flush(this);
  }

  flushed(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.#user.onError(new SyscallError('send', Errno.ECONNREFUSED));
  }

  [Symbol.dispose](): void {
    if (!this.#socket.open) return;
    this.flush();
    if (!this.#socket.open) return;
    this.#registration.remove();
    this.#socket[Symbol.dispose]();
  }

  #receive(): void {
    const { incoming } = this.#memory;
    for (this.#left = datagramsPerTurn; this.#left > 0; ) {
      if (!this.#socket.open) return;
      const count = incoming.receive(this.#socket.fd);
      if (count === -Errno.EAGAIN) return;
      this.#left -= 1;
      if (count < 0) {
        this.#user.onError(new SyscallError('recvmmsg', -count));
        continue;
      }
      try {
        for (let i = 0; i < count; i += 1) {
          this.#source.move(i);
          eachPacket(incoming, i, this.#datagram);
        }
      } finally {
        incoming.rearm(count);
      }
      // A batch that is not full leaves the socket empty; what comes now is another event.
      if (count < incoming.capacity) return;
    }
    this.#registration.again();
  }
}

/** Of one message after the other. */
class BatchSource implements DatagramSource {
  readonly #batch: DatagramBatch;
  #i = 0;
  key: FlowKey = 0;

  constructor(batch: DatagramBatch) {
    this.#batch = batch;
  }

  move(i: number): this {
    this.#i = i;
    this.key = flowKey(this.#batch, i, false);
    return this;
  }

  name(): Buffer {
    return Buffer.from(this.#name());
  }

  endpoint(): IpEndpoint {
    return decodeIp(this.#name()) as IpEndpoint;
  }

  #name(): Buffer {
    const { buffer } = this.#batch.names;
    const at = this.#batch.nameAt(this.#i);
    return buffer.subarray(at, at + (buffer.readUInt16LE(at) === AF_INET ? 16 : 28));
  }
}
