/**
 * Joins a socket and a stream of a link without Node.js's streams between them (Linux): the socket's descriptor is read and
 * written by hand, when `sys/event-loop.ts` says so. Otherwise as `join.ts`, which does the rest.
 *
 *     socket ──recv──► area ──write──► stream        a stream that is full stops the reading
 *     socket ◄──send── slice ◄──read── stream        a socket that is full stops the pulling
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ByteStream, ByteStreamUser, StandsOnByteStream } from '../../lib/byte-stream.ts';
import { kept } from '../../lib/volatile.ts';
import { EPOLLERR, MSG_NOSIGNAL, SHUT_WR, SO_ERROR, SOL_SOCKET } from '../../sys/constants.ts';
import { Errno, errnoName } from '../../sys/errno.ts';
import { EventLoop, type Registration } from '../../sys/event-loop.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { ReadArea } from '../../sys/read-area.ts';
import { dupFd, getOption, setLinger } from '../../sys/sockets.ts';
import type { JoinEnd } from './client.ts';
import type { JoinOptions } from './join.ts';
import { type Quiet, watchQuiet } from './quiet.ts';

/** Bytes in one direction before it is another's turn. */
const turnBytes = 256 * 1024;
/** Bytes that one read takes at most. */
const readBytes = 128 * 1024;

const area = new ReadArea(readBytes);

/** Of one thread. */
export class Pump {
  readonly #loop: EventLoop;

  /** @returns undefined where the thread's event loop cannot be had */
  static make(): Pump | undefined {
    const loop = EventLoop.here();
    return loop === undefined ? undefined : new Pump(loop);
  }

  private constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** @returns undefined when these two are not for it; both are then as they were, else they are taken */
  join(client: Duplex, target: Duplex, options: JoinOptions): Promise<JoinEnd> | undefined {
    const clientIsSocket = isOpenSocket(client);
    const [socket, other] = clientIsSocket ? [client, target] : [target, client];
    if (!isOpenSocket(socket) || !('release' in other)) return undefined;
    const released = (other as unknown as StandsOnByteStream).release();
    if (released === undefined) return undefined;
    const early: Buffer[] = [];
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) early.push(bytes as Buffer);
    const fd = dupFd(fdOf(socket));
    socket.destroy();
    return new Promise((resolve) => {
      const pumping = new Pumping(this.#loop, fd, released.stream, clientIsSocket, options, resolve);
      pumping.begin(early, released.early);
    });
  }
}

class Pumping implements ByteStreamUser {
  readonly #socket: OwnedFd;
  readonly #stream: ByteStream;
  readonly #options: JoinOptions;
  readonly #resolve: (end: JoinEnd) => void;
  readonly #registration: Registration;
  readonly #quiet: Quiet;
  /** What comes from the socket is that direction of the client's. */
  readonly #fromSocket: 'in' | 'out';
  readonly #early: Buffer[] = [];
  /** What the socket did not take yet. */
  #rest: Buffer | undefined;
  #streamFull = false;
  #socketFull = false;
  #socketEnded = false;
  #shutDown = false;
  #over = false;

  constructor(
    loop: EventLoop,
    socket: OwnedFd,
    stream: ByteStream,
    clientIsSocket: boolean,
    options: JoinOptions,
    resolve: (end: JoinEnd) => void,
  ) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
    this.#resolve = resolve;
    this.#fromSocket = clientIsSocket ? 'in' : 'out';
    this.#quiet = watchQuiet(options, (reason) => this.#finish({ reason, detail: '' }, false));
    this.#registration = loop.add(socket.fd, (events) => this.#ready(events));
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** @param fromSocket bytes that were read of the socket @param fromStream and of the stream */
  begin(fromSocket: readonly Buffer[], fromStream: readonly Buffer[]): void {
    this.#early.push(...fromStream);
    for (const bytes of fromSocket) this.#give(bytes);
    this.#stream.attach(this);
    if (this.#options.signal.aborted) this.#abort();
    if (this.#over) return;
    this.#send();
    this.#registration.again();
  }

  onReadable(): void {
    if (!this.#socketFull && !this.#over) this.#send();
  }

  onWritable(): void {
    if (!this.#streamFull || this.#over) return this.#maybeDone();
    this.#streamFull = false;
    this.#quiet.touch();
    this.#registration.again();
  }

  onClose(error?: Error): void {
    if (error !== undefined) {
      const reason = this.#fromSocket === 'in' ? 'target-reset' : 'client-reset';
      this.#finish({ reason, detail: error.message }, true);
    } else this.#maybeDone();
  }

  readonly #abort = (): void => this.#finish({ reason: 'closed-by-daemon', detail: '' }, true);

  #ready(events: number): void {
    if ((events & EPOLLERR) !== 0) {
      const errno = getOption(this.#socket.fd, SOL_SOCKET, SO_ERROR);
      if (errno !== 0) return this.#broken(errno);
    }
    if (this.#socketFull) {
      this.#socketFull = false;
      this.#quiet.touch();
      this.#send();
    }
    if (!this.#over) this.#receive();
  }

  #receive(): void {
    for (let left = turnBytes; left > 0 && !this.#streamFull; ) {
      if (this.#socketEnded || this.#over) return;
      const count = libc.recv(this.#socket.fd, area.address, area.size, 0);
      if (count === -Errno.EAGAIN) return;
      if (count < 0) return this.#broken(-count);
      if (count === 0) return this.#socketEnd();
      left -= count;
      this.#give(area.buffer.subarray(0, count));
    }
    if (!this.#streamFull) this.#registration.again();
  }

  #give(bytes: Buffer): void {
    this.#options.count(this.#fromSocket, bytes.length);
    this.#quiet.touch();
    if (!this.#stream.writeNow(bytes)) this.#streamFull = true;
  }

  #socketEnd(): void {
    this.#socketEnded = true;
    this.#quiet.halfOpen();
    this.#stream.end();
    this.#maybeDone();
  }

  #send(): void {
    for (let left = turnBytes; left > 0; ) {
      const slice = this.#rest ?? this.#early.shift() ?? this.#stream.readNow();
      if (slice === undefined) return this.#streamEnd();
      if (this.#rest === undefined) this.#options.count(this.#fromSocket === 'in' ? 'out' : 'in', slice.length);
      const sent = libc.sendBytes(this.#socket.fd, slice, slice.length, MSG_NOSIGNAL);
      this.#rest = sent === slice.length ? undefined : kept(slice.subarray(Math.max(sent, 0)));
      this.#quiet.touch();
      if (sent < 0 && sent !== -Errno.EAGAIN) return this.#broken(-sent);
      if (this.#rest !== undefined) {
        this.#socketFull = true;
        return;
      }
      left -= slice.length;
    }
    // As if it were full: the next turn goes on.
    this.#socketFull = true;
    this.#registration.again();
  }

  #streamEnd(): void {
    if (!this.#stream.ended || this.#shutDown || this.#over) return;
    this.#shutDown = true;
    this.#quiet.halfOpen();
    libc.shutdown(this.#socket.fd, SHUT_WR);
    this.#maybeDone();
  }

  #maybeDone(): void {
    if (this.#socketEnded && this.#shutDown && this.#stream.closed) this.#finish({ reason: 'done', detail: '' }, false);
  }

  #broken(errno: number): void {
    const reason = this.#fromSocket === 'in' ? 'client-reset' : 'target-reset';
    this.#finish({ reason, detail: `read ${errnoName(errno)}` }, true);
  }

  /** @param abruptly the other side must not mistake what it got for all there was */
  #finish(end: JoinEnd, abruptly: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#quiet.stop();
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#registration.remove();
    if (abruptly) setLinger(this.#socket.fd);
    this.#socket[Symbol.dispose]();
    this.#stream.reset();
    this.#resolve(end);
  }
}

function isOpenSocket(stream: Duplex): stream is Socket {
  return stream instanceof Socket && !stream.destroyed && stream.writableLength === 0 && fdOf(stream) >= 0;
}

/** Node has no public word for it. */
function fdOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
