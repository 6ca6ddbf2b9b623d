/**
 * One socket and one stream of a link, joined by hand until both directions have ended (Linux).
 *
 *     socket ──recv──► area ──write──► stream        a stream that is full stops the reading
 *     socket ◄──send── slice ◄──read── stream        a socket that is full stops the pulling
 *
 * Owns the socket from its beginning, and the stream from `begin`; until then it only notices that the client has gone.
 */
import type { ByteStream, ByteStreamUser } from '../../lib/byte-stream.ts';
import { kept } from '../../lib/volatile.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, MSG_NOSIGNAL, SHUT_WR } from '../../sys/constants.ts';
import { Errno, errnoName } from '../../sys/errno.ts';
import type { EventLoop } from '../../sys/event-loop.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { bulkBytes, ReadArea, turnReads } from '../../sys/read-area.ts';
import type { Registration } from '../../sys/registration.ts';
import { noDelay, resetOnClose, socketError } from '../stream/tcp.ts';
import type { JoinEnd } from './client.ts';
import { FirstWords } from './first-words.ts';
import type { JoinOptions } from './join.ts';
import { type Quiet, watchQuiet } from './quiet.ts';

/** What one read takes at most: with the headers of a link in front, what leaves at once there. */
const area = new ReadArea(bulkBytes - 64);

export interface PumpingOptions extends Omit<JoinOptions, 'signal'> {
  /** The socket is the client's end, else the target's. */
  readonly clientIsSocket: boolean;
  /** Called once, when nothing is left. */
  readonly onOver: (end: JoinEnd) => void;
}

export class Pumping implements ByteStreamUser {
  readonly #socket: OwnedFd;
  readonly #options: PumpingOptions;
  readonly #registration: Registration;
  /** What comes from the socket is that direction of the client's. */
  readonly #fromSocket: 'in' | 'out';
  readonly #early: Buffer[] = [];
  #stream: ByteStream | undefined;
  #quiet: Quiet | undefined;
  /** What the socket did not take yet. */
  #rest: Buffer | undefined;
  #first: FirstWords | undefined;
  /** Events of the socket from before there was a stream. */
  #missed = 0;
  #writesToNoDelay: number;
  #streamFull = false;
  #socketFull = false;
  #socketEnded = false;
  #shutDown = false;
  #over = false;

  /** @param socket non-blocking, owned from now on, also when this throws */
  constructor(loop: EventLoop, socket: OwnedFd, options: PumpingOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#fromSocket = options.clientIsSocket ? 'in' : 'out';
    this.#writesToNoDelay = options.clientIsSocket ? -1 : 1;
    this.#registration = loop.addOwned(
      socket,
      (events) => this.#ready(events),
      undefined,
      () => this.#finish({ reason: 'closed-by-daemon', detail: 'a fault of the daemon' }, true),
    );
  }

  /**
   * Bytes go from here on.
   *
   * @param stream owned from now on @param fromSocket bytes that were read of the socket @param fromStream and of the stream
   */
  begin(stream: ByteStream, fromSocket: readonly Buffer[], fromStream: readonly Buffer[]): void {
    this.#stream = stream;
    this.#quiet = watchQuiet(this.#options, (reason) => this.#finish({ reason, detail: '' }, false));
    for (const bytes of fromStream) if (bytes.length > 0) this.#early.push(bytes);
    for (const bytes of fromSocket) this.#give(stream, bytes);
    if (this.#first?.said !== undefined) this.#options.count(this.#fromSocket, this.#first.said.length);
    this.#first = undefined;
    stream.attach(this);
    if (this.#over) return;
    this.#send(stream);
    if ((this.#missed & ~EPOLLOUT) !== 0) this.#registration.again();
  }

  /** The first bytes of the socket go to `stream`, which is being opened: before `begin`, and before anybody answered. */
  sayFirst(stream: ByteStream): void {
    this.#first = new FirstWords(stream);
    this.#sayFirst();
  }

  /** What was said so. */
  get said(): Buffer | undefined {
    return this.#first?.said;
  }

  /** Gives the socket back, untouched but for what was {@link said}; only before `begin`. */
  release(): void {
    this.#over = true;
    this.#registration.remove();
  }

  /** Resets both. */
  abort(): void {
    this.#finish({ reason: 'closed-by-daemon', detail: '' }, true);
  }

  /** There will be no stream. */
  refused(end: JoinEnd): void {
    this.#finish(end, true);
  }

  onReadable(): void {
    if (this.#stream !== undefined && !this.#socketFull && !this.#over) this.#send(this.#stream);
  }

  onWritable(): void {
    if (!this.#streamFull || this.#over) return this.#maybeDone();
    this.#streamFull = false;
    this.#quiet?.touch();
    this.#registration.again();
  }

  onClose(error?: Error): void {
    if (error !== undefined) {
      const reason = this.#fromSocket === 'in' ? 'target-reset' : 'client-reset';
      this.#finish({ reason, detail: error.message }, true);
    } else this.#maybeDone();
  }

  #ready(events: number): void {
    if ((events & EPOLLERR) !== 0) {
      const errno = socketError(this.#socket.fd);
      if (errno !== 0) return this.#broken(errno);
    }
    const stream = this.#stream;
    if (stream === undefined) {
      this.#missed |= events;
      if ((events & EPOLLHUP) !== 0) return this.#finish({ reason: 'client-gone', detail: '' }, true);
      if ((events & EPOLLIN) !== 0) this.#sayFirst();
      return;
    }
    if (this.#socketFull) {
      this.#socketFull = false;
      this.#quiet?.touch();
      this.#send(stream);
    }
    const known = events | this.#missed;
    this.#missed = 0;
    if (!this.#over && known !== EPOLLOUT) this.#receive(stream, known);
  }

  #sayFirst(): void {
    const left = this.#first?.pass(this.#socket.fd, this.#missed) ?? this.#missed;
    if (left < 0) this.#broken(-left);
    else this.#missed = left;
  }

  /** @param events of the socket, 0 when it is not known what it has */
  #receive(stream: ByteStream, events: number): void {
    // What one read leaves there is told of by another event, unless it is an end or an error.
    const told = (events & ~EPOLLOUT) === EPOLLIN;
    for (let reads = turnReads; reads > 0 && !this.#streamFull; reads -= 1) {
      if (this.#socketEnded || this.#over) return;
      const count = libc.recv(this.#socket.fd, area.address, area.size, 0);
      if (count === -Errno.EAGAIN) return;
      if (count < 0) return this.#broken(-count);
      if (count === 0) return this.#socketEnd(stream);
      this.#give(stream, area.buffer.subarray(0, count));
      if (told && count < area.size && !this.#streamFull) return;
    }
    if (!this.#streamFull) this.#registration.again();
  }

  #give(stream: ByteStream, bytes: Buffer): void {
    this.#options.count(this.#fromSocket, bytes.length);
    this.#quiet?.touch();
    if (!stream.writeNow(bytes)) this.#streamFull = true;
  }

  #socketEnd(stream: ByteStream): void {
    this.#socketEnded = true;
    this.#quiet?.halfOpen();
    stream.end();
    this.#maybeDone();
  }

  #send(stream: ByteStream): void {
    for (let left = bulkBytes; left > 0; ) {
      const slice = this.#rest ?? this.#early.shift() ?? stream.readNow();
      if (slice === undefined) return this.#streamEnd(stream);
      if (this.#rest === undefined) this.#options.count(this.#fromSocket === 'in' ? 'out' : 'in', slice.length);
      // Nagle cannot delay the first write, so short connections are spared the call; what a listener accepted has it already.
      if (this.#writesToNoDelay >= 0 && this.#writesToNoDelay-- === 0) noDelay(this.#socket.fd);
      const sent = libc.sendBytes(this.#socket.fd, slice, slice.length, MSG_NOSIGNAL);
      this.#rest = sent === slice.length ? undefined : kept(slice.subarray(Math.max(sent, 0)));
      this.#quiet?.touch();
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

  #streamEnd(stream: ByteStream): void {
    if (!stream.ended || this.#shutDown || this.#over) return;
    this.#shutDown = true;
    // When the other direction has ended as well, the close that follows sends the FIN.
    if (this.#socketEnded && stream.endSent) return this.#maybeDone();
    this.#quiet?.halfOpen();
    libc.shutdown(this.#socket.fd, SHUT_WR);
    this.#maybeDone();
  }

  #maybeDone(): void {
    if (this.#socketEnded && this.#shutDown && this.#stream?.closed === true)
      this.#finish({ reason: 'done', detail: '' }, false);
  }

  #broken(errno: number): void {
    const reset = this.#fromSocket === 'in' ? 'client-reset' : 'target-reset';
    const reason = this.#stream === undefined ? 'client-gone' : reset;
    this.#finish({ reason, detail: `read ${errnoName(errno)}` }, true);
  }

  /** @param abruptly the other side must not mistake what it got for all there was */
  #finish(end: JoinEnd, abruptly: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#quiet?.stop();
    this.#registration.forget();
    if (abruptly) resetOnClose(this.#socket.fd);
    this.#socket[Symbol.dispose]();
    this.#stream?.reset();
    this.#options.onOver(end);
  }
}
