/**
 * The relay: moves bytes from one side of a connection to the other until it would block, its budget is used up, or
 * the source has ended.
 *
 *      read small: recv ──► buffer ──► send           (one syscall each way; short read = drained)
 *      read bulk:  splice ──► pipe ──► splice         (from the first read that filled the buffer on)
 *
 * Invariants: bytes leave in the order they came; nothing is read while earlier bytes wait, so a stalled reader stops
 * its writer and at most one pipe of bytes is in flight; a pipe is held only while it holds bytes.
 *
 * Traps. A short `recv` means the socket is drained, which saves a call, *until FIN was reported*: data and FIN can
 * arrive together, and the edge for them has been consumed. A short `splice` proves nothing, and its EAGAIN is
 * ambiguous while the pipe holds bytes (pipe slots are full long before its byte size when packets are small).
 * See splice(2), epoll(7) on edge-triggered use.
 */
import {
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SHUT_WR,
  SPLICE_F_MOVE,
  SPLICE_F_NONBLOCK,
  TCP_NODELAY,
} from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import { recv, send, setsockopt, shutdown, splice } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { Pipes } from './pipes.ts';
import type { Side } from './side.ts';

/** Reads below this go through memory, above through a pipe: where the two cost the same. */
const SMALL_BYTES = 16 << 10;
/** What one direction may move per turn in small reads, so that one stream cannot starve the others. */
const BUDGET_BYTES = 1 << 20;
const SPLICE_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

/**
 * Why a pump returned.
 * 'blocked': an event will tell when to go on · 'budget': wants another turn · 'ended': the source has ended, all its
 * bytes are with the other side and FIN is sent · 'source-failed', 'sink-failed': with {@link Relay.errno}
 */
export type PumpResult = 'blocked' | 'budget' | 'ended' | 'source-failed' | 'sink-failed';

/** One per worker. */
export class Relay {
  readonly #pipes: Pipes;
  readonly #memory = new NativeMemory(SMALL_BYTES);
  readonly #one = new NativeMemory(4);
  /** Positive errno of the last failed pump. */
  errno = 0;

  constructor(pipes: Pipes) {
    this.#pipes = pipes;
    this.#one.view.setInt32(0, 1, true);
  }

  pump(source: Side, sink: Side): PumpResult {
    let budget = BUDGET_BYTES;
    for (;;) {
      if (source.pending) {
        if (!sink.writable) return 'blocked';
        const flushed = source.held === undefined ? this.#flushPipe(source, sink) : this.#flushHeld(source, sink);
        if (flushed < 0) return this.#fail('sink-failed', flushed);
        if (source.pending) continue;
        // Another read at once would find little: while the others have their turn a larger piece gathers.
        if (source.bulk && !source.eof) return 'budget';
      }
      if (source.eof) {
        return source.failure > 0 ? this.#fail('source-failed', -source.failure) : this.#finish(source, sink);
      }
      if (!source.readable) {
        this.#releasePipe(source);
        return 'blocked';
      }
      if (budget <= 0) return 'budget';
      const moved = source.bulk ? this.#readBulk(source) : this.#readSmall(source, sink);
      if (moved < 0) return this.#fail(sink.broken ? 'sink-failed' : 'source-failed', moved);
      source.bytes += moved;
      budget -= moved;
    }
  }

  /** Gives up whatever `side` holds for the other. */
  discard(side: Side): void {
    side.held = undefined;
    const { pipe } = side;
    if (pipe === undefined) return;
    side.pipe = undefined;
    if (side.inPipe > 0) this.#pipes.destroy(pipe);
    else this.#pipes.give(pipe);
    side.inPipe = 0;
  }

  /** @returns bytes read, also when they could not all be sent; `-errno` */
  #readSmall(source: Side, sink: Side): number {
    const got = recv(source.fd, this.#memory.address, SMALL_BYTES, 0);
    if (got <= 0) return this.#noData(source, got);
    if (got === SMALL_BYTES) source.bulk = true;
    else if (!source.finSeen) source.readable = false;
    const sent = this.#send(sink, this.#memory.address, got);
    if (sent < 0) {
      sink.broken = true;
      return sent;
    }
    if (sent < got) source.held = Uint8Array.prototype.slice.call(this.#memory.buffer, sent, got);
    return got;
  }

  #readBulk(source: Side): number {
    const pipe = (source.pipe ??= this.#pipes.take());
    if (pipe === undefined) {
      // No descriptors left for a pipe: copy. Slower, but the connection goes on.
      source.bulk = false;
      return 0;
    }
    const got = splice(source.fd, pipe.writeEnd, pipe.size, SPLICE_FLAGS);
    if (got <= 0) return this.#noData(source, got);
    if (got < SMALL_BYTES) source.bulk = false;
    source.inPipe = got;
    return got;
  }

  #noData(source: Side, got: number): number {
    if (got === 0) {
      source.eof = true;
      return 0;
    }
    if (got !== -Errno.EAGAIN) return got;
    source.readable = false;
    return 0;
  }

  /** @returns bytes that left, 0 when the sink is full, or `-errno` */
  #flushPipe(source: Side, sink: Side): number {
    const pipe = source.pipe;
    if (pipe === undefined) return 0;
    const sent = splice(pipe.readEnd, sink.fd, source.inPipe, SPLICE_FLAGS);
    if (sent > 0) {
      source.inPipe -= sent;
      return sent;
    }
    return this.#full(sink, sent);
  }

  #flushHeld(source: Side, sink: Side): number {
    const held = source.held as Uint8Array;
    const part = held.subarray(0, SMALL_BYTES);
    this.#memory.buffer.set(part);
    const sent = this.#send(sink, this.#memory.address, part.length);
    if (sent < 0) return sent;
    source.held = sent === held.length ? undefined : held.subarray(sent);
    return sent;
  }

  #send(sink: Side, data: number, length: number): number {
    // Nagle cannot delay the first write, so short connections are spared the call.
    if (sink.writesToNoDelay >= 0 && sink.writesToNoDelay-- === 0) {
      setsockopt(sink.fd, IPPROTO_TCP, TCP_NODELAY, this.#one.address, 4);
    }
    const sent = send(sink.fd, data, length, MSG_NOSIGNAL);
    if (sent >= 0) {
      if (sent < length) sink.writable = false;
      return sent;
    }
    return this.#full(sink, sent);
  }

  #full(sink: Side, result: number): number {
    if (result !== -Errno.EAGAIN) return result;
    sink.writable = false;
    return 0;
  }

  #finish(source: Side, sink: Side): PumpResult {
    this.#releasePipe(source);
    // When the other direction has ended as well, the close that follows sends the FIN.
    const over = sink.eof && !sink.pending;
    if (!sink.shut && !over) {
      sink.shut = true;
      shutdown(sink.fd, SHUT_WR);
    }
    return 'ended';
  }

  #releasePipe(source: Side): void {
    if (source.pipe === undefined) return;
    this.#pipes.give(source.pipe);
    source.pipe = undefined;
  }

  #fail(result: 'source-failed' | 'sink-failed', error: number): PumpResult {
    this.errno = -error;
    return result;
  }
}
