/**
 * A TLS connection straight on its socket: handshake, then a pipe of bytes.
 *
 *     write ─► queue ─► SSL_write ─► ring ─► send          recv ─► ring ─► SSL_read ─► area ─► onBytes
 *
 * Owns the descriptor and OpenSSL's objects, which go together at the end. Records are made only when the ring is empty, so
 * one write of the socket takes up to sixteen of them; what the socket does not take stays in the ring.
 */
import { EventEmitter } from 'node:events';
import { EPOLLERR, EPOLLHUP, SHUT_WR } from '../../sys/constants.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { SslError } from '../../sys/openssl.ts';
import { turnReads } from '../../sys/read-area.ts';
import type { Registration } from '../../sys/registration.ts';
import type { BytePipe, PipeUser } from '../byte-pipe.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { SecureStream } from '../secure-stream.ts';
import { Incoming, incomingBytes } from './incoming.ts';
import { Ring, ringBytes } from './ring.ts';
import type { Asked, Ends, SharedTls } from './shared.ts';

/** Bytes that wait beyond which `write` says to wait. */
const fullBytes = 64 * 1024;

export class OpensslStream extends EventEmitter<{ close: [] }> implements BytePipe, SecureStream {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly #shared: SharedTls;
  readonly #socket: OwnedFd;
  readonly #ssl: number;
  readonly #ring: Ring;
  readonly #incoming: Incoming;
  readonly #registration: Registration;
  readonly #queue = new ByteQueue();
  #shaken: ((error: string | undefined) => void) | undefined;
  #secure = false;
  #user: PipeUser | undefined;
  #full = false;
  #ending = false;
  /** Our end is in the ring; it is with the kernel. */
  #notified = false;
  #ended = false;
  #peerEnded = false;
  #destroyed = false;

  /**
   * @param socket connected, non-blocking; owned from now on, also when this throws
   * @param onShaken called once: with nothing when the handshake is done, else with OpenSSL's or the kernel's word for what failed
   */
  constructor(
    shared: SharedTls,
    socket: OwnedFd,
    ends: Ends,
    asked: Asked,
    onShaken: (error: string | undefined) => void,
  ) {
    super();
    this.#shared = shared;
    this.#socket = socket;
    this.remoteAddress = ends.remoteAddress;
    this.remotePort = ends.remotePort;
    this.localAddress = ends.localAddress;
    this.#shaken = onShaken;
    // First what may fail for want of the kernel's memory.
    this.#registration = shared.loop.addOwned(
      socket,
      (events) => this.#ready(events),
      undefined,
      (error) => this.#fault(error),
    );
    const { ssl, ring } = shared.connect({ incoming: incomingBytes, outgoing: ringBytes }, asked);
    this.#ssl = ssl;
    this.#incoming = new Incoming(shared.openssl, ssl, ring, socket.fd);
    this.#ring = new Ring(shared.openssl, ring, socket.fd, shared.recordsPerKey);
    this.#registration.again();
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Both ends have proved the key, and nothing else did. */
  get provedByKey(): boolean {
    return !this.#destroyed && this.#shared.provedByKey(this.#ssl);
  }

  exportKeyingMaterial(length: number, label: string): Buffer {
    const into = Buffer.allocUnsafeSlow(length);
    const address = libc.addressOf(into);
    if (this.#destroyed || !this.#shared.openssl.exportKeys(this.#ssl, address, length, label))
      throw new Error('there is no connection to export keys of');
    return into;
  }

  start(user: PipeUser): void {
    this.#user = user;
    // Bytes may have come with the end of the handshake.
    this.#registration.again();
  }

  write(slices: readonly Buffer[]): boolean {
    if (this.#destroyed || this.#ending) return false;
    for (const slice of slices) this.#queue.push(slice);
    this.#flush();
    // Until the drain, whatever a later write finds.
    if (this.#queue.bytes >= fullBytes) this.#full = true;
    return !this.#full;
  }

  soon(run: () => void): true {
    this.#shared.loop.soon(run);
    return true;
  }

  end(): void {
    if (this.#ending || this.#destroyed) return;
    this.#ending = true;
    this.#flush();
  }

  destroy(): void {
    this.#close();
  }

  #ready(events: number): void {
    this.#shared.openssl.clearErrors();
    this.#ring.touch();
    if (!this.#secure) return this.#handshake(events);
    this.#flush();
    if (this.#user !== undefined && !this.#destroyed) this.#read(this.#user, events);
    if (this.#full && !this.#destroyed && this.#queue.bytes < fullBytes) {
      this.#full = false;
      this.#user?.onDrain();
    }
  }

  #fault(cause: unknown): void {
    if (this.#secure) this.#close(new Error('a fault of this end', { cause }));
    else this.#shake('EFAULT');
  }

  #handshake(events: number): void {
    const { openssl } = this.#shared;
    let result: number;
    let why: number;
    do {
      result = openssl.doHandshake(this.#ssl);
      why = result === 1 ? 0 : openssl.getError(this.#ssl, result);
    } while (why === SslError.wantRead && this.#fed());
    const reason = openssl.reason();
    // Also when it failed: the other end hears why.
    const sent = this.#ring.send();
    if (result === 1 && sent !== 'broken') return this.#shake(undefined);
    const waits = why === SslError.wantRead || why === SslError.wantWrite;
    if (waits && sent !== 'broken' && (events & (EPOLLERR | EPOLLHUP)) === 0) return;
    this.#shake(reason === '' ? 'ECONNRESET' : `ERR_SSL_${reason}`);
  }

  /** @returns true when OpenSSL may go on. A reset comes with an event that says so. */
  #fed(): boolean {
    const fed = this.#incoming.feed();
    return fed === 'bytes' || fed === 'end';
  }

  #shake(error: string | undefined): void {
    this.#shared.forget(this.#ssl);
    this.#secure = error === undefined;
    const shaken = this.#shaken;
    this.#shaken = undefined;
    if (error !== undefined) this.#close();
    shaken?.(error);
  }

  #read(user: PipeUser, events: number): void {
    for (let reads = turnReads; reads > 0 && !this.#peerEnded; reads -= 1) {
      const rest = this.#incoming.read(events);
      const { bytes } = this.#incoming;
      if (bytes.length > 0) user.onBytes(bytes);
      if (this.#destroyed || rest === 'waits') return;
      if (rest === 'ended') return this.#peerEnd(user);
      if (rest === 'broken') return this.#broken();
    }
    if (!this.#peerEnded) this.#registration.again();
  }

  #peerEnd(user: PipeUser): void {
    this.#peerEnded = true;
    user.onEnd();
    this.#maybeOver();
  }

  #broken(): void {
    const reason = this.#shared.openssl.reason();
    this.#close(new Error(reason === '' ? 'the connection was reset' : reason.toLowerCase().replaceAll('_', ' ')));
  }

  /** Sends what can be sent. */
  #flush(): void {
    const { openssl } = this.#shared;
    while (this.#sent() && this.#queue.bytes > 0) {
      const result = this.#ring.seal(this.#ssl, this.#queue);
      if (result > 0) continue;
      const why = openssl.getError(this.#ssl, result);
      if (why !== SslError.wantRead && why !== SslError.wantWrite) this.#broken();
      return;
    }
    if (this.#destroyed || !this.#ending || this.#ended || this.#queue.bytes > 0) return;
    // A second call would wait for the other end's word, and take its data for a fault.
    if (!this.#notified) openssl.shutdown(this.#ssl);
    this.#ring.touch();
    this.#notified = true;
    if (!this.#sent()) return;
    this.#ended = true;
    libc.shutdown(this.#socket.fd, SHUT_WR);
    this.#maybeOver();
  }

  /** @returns true when the ring is empty */
  #sent(): boolean {
    const state = this.#ring.send();
    if (state === 'broken') this.#close(new Error('write ECONNRESET'));
    return state === 'empty';
  }

  #maybeOver(): void {
    if (this.#ended && this.#peerEnded) this.#close();
  }

  #close(error?: Error): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#registration.remove();
    this.#shared.forget(this.#ssl);
    this.#shared.openssl.free(this.#ssl);
    // Of the whole thread: what is left there would be taken for a fault of the connection that is read next, also by node's TLS.
    this.#shared.openssl.clearErrors();
    this.#ring[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
    this.#queue.clear();
    // Not while somebody is still on the way here from its own call.
    queueMicrotask(() => {
      this.#user?.onClose(error);
      this.emit('close');
    });
  }
}
