/**
 * All UDP sockets of a thread, and the channels they serve: a packet finds its channel by the session id, whichever socket
 * it comes by. What belongs to no channel is dropped without a word.
 *
 * Everything that channels have packed in one turn of the event loop leaves at its end, in as few calls as the system has
 * for it. Owns the sockets; channels belong to whoever made them.
 */
import { isIPv6 } from 'node:net';
import type { DatagramChannel } from './channel.ts';
import { isOfSession, sessionKeyOf } from './packet.ts';
import type { Remote, Source } from './remote.ts';
import type { Aead } from './seal.ts';

/** Where a socket is, or shall be; `host` is an IP literal. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

export interface DatagramSocket {
  readonly address: SocketAddress;
  /** @param local the address of ours to send from; absent = as the system decides */
  remote(to: SocketAddress, local?: string): Remote;
  close(): void;
}

/** What a socket is told by, and what it tells. */
export interface SocketUser {
  /** @param packet valid until this returns */
  received(packet: Buffer, source: Source): void;
  /** Packets wait for `flush`. */
  flushDue(): void;
}

/** How sockets are made here: `native-sockets.ts` on Linux, `node-sockets.ts` anywhere. */
export interface SocketMaker {
  /** Port 0 = any. @throws an error with a `code` such as EADDRINUSE */
  open(address: SocketAddress, user: SocketUser): DatagramSocket;
  /** Everything that waits leaves, or is dropped. */
  flush(): void;
  /** Calls back when all that came at once has been heard; absent = setImmediate. */
  readonly soon?: ((run: () => void) => void) | undefined;
  /** The fastest cipher that there is; absent = that of node:crypto. */
  readonly aead?: Aead | undefined;
}

export class DatagramSockets implements SocketUser {
  readonly #maker: SocketMaker;
  readonly #channels = new Map<string, DatagramChannel>();
  /** Whose packet came last. */
  #last: DatagramChannel | undefined;
  readonly #due = new Set<DatagramChannel>();
  readonly #sockets = new Set<DatagramSocket>();
  /** For what this end begins, by family. */
  readonly #dialing = new Map<boolean, DatagramSocket>();
  #scheduled = false;
  #closed = false;
  /** Packets that belonged to no channel. */
  strangers = 0;

  constructor(maker: SocketMaker) {
    this.#maker = maker;
  }

  /** For the channels. */
  get aead(): Aead | undefined {
    return this.#maker.aead;
  }

  /** Listens there, too. @throws an error with a `code` such as EADDRINUSE */
  listen(address: SocketAddress): DatagramSocket {
    const socket = this.#maker.open(address, this);
    this.#sockets.add(socket);
    const { host } = socket.address;
    if (host === '0.0.0.0' || host === '::') this.#dialing.set(isIPv6(host), socket);
    return socket;
  }

  /** Somebody to send to, from any address of ours: a listening socket that has them all, else one of its own. */
  towards(to: SocketAddress): Remote {
    const v6 = isIPv6(to.host.split('%')[0] ?? '');
    const socket = this.#dialing.get(v6) ?? this.listen({ host: v6 ? '::' : '0.0.0.0', port: 0 });
    return socket.remote(to);
  }

  /** Packets of its session go to `channel` from now on. */
  add(channel: DatagramChannel): void {
    const key = channel.id.toString('latin1');
    if (this.#channels.has(key)) throw new RangeError('two channels of one session');
    this.#channels.set(key, channel);
  }

  remove(channel: DatagramChannel): void {
    this.#channels.delete(channel.id.toString('latin1'));
    this.#due.delete(channel);
    if (this.#last === channel) this.#last = undefined;
  }

  /** For `onFlushDue` of the channels. */
  readonly due = (channel: DatagramChannel): void => {
    this.#due.add(channel);
    this.flushDue();
  };

  received(packet: Buffer, source: Source): void {
    const last = this.#last;
    const isOfLast = last !== undefined && isOfSession(packet, last.id);
    const channel = isOfLast ? last : this.#channels.get(sessionKeyOf(packet));
    if (channel === undefined) {
      this.strangers += 1;
      return;
    }
    this.#last = channel;
    channel.receive(packet, source);
  }

  flushDue(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    const flush = (): void => this.#flush();
    if (this.#maker.soon === undefined) setImmediate(flush);
    else this.#maker.soon(flush);
  }

  close(): void {
    this.#flush();
    this.#closed = true;
    for (const socket of this.#sockets) socket.close();
    this.#sockets.clear();
  }

  #flush(): void {
    this.#scheduled = false;
    for (const channel of this.#due) channel.flush();
    this.#due.clear();
    this.#maker.flush();
  }
}
