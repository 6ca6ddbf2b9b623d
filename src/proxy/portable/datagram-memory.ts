/**
 * What all UDP sockets of a thread read into and send from, by hand (Linux).
 *
 *     receive ─► incoming, dealt with before the next is read        send ─► outgoing ─► at the end of the turn, in runs
 *
 * Native memory is never freed: one of these per thread. What is read is volatile (`lib/volatile.ts`).
 */
import { declareVolatile } from '../../lib/volatile.ts';
import type { EventLoop } from '../../sys/event-loop.ts';
import { DatagramBatch } from '../../sys/mmsg.ts';
import { type Destination, SegmentBatch } from '../../sys/segments.ts';

/** Messages in one call. */
const messages = 32;
/** Bytes and runs that may wait. */
const waitingBytes = 512 << 10;
const waitingRuns = 64;

/** A socket, as seen from here. */
export interface Sender {
  readonly fd: number;
  /** All that it had sent was given to the kernel. */
  flushed(): void;
}

export class DatagramMemory {
  readonly loop: EventLoop;
  readonly incoming = new DatagramBatch(messages);
  readonly #outgoing = new SegmentBatch(waitingBytes, waitingRuns);
  /** Who sent all that waits. */
  #sender: Sender | undefined;
  #due = false;

  constructor(loop: EventLoop) {
    this.loop = loop;
    declareVolatile(this.incoming.bytes(0).buffer);
  }

  /** Copies the datagram; it leaves at the end of this turn, at the latest. */
  send(sender: Sender, data: Buffer, to: Destination): void {
    if (sender !== this.#sender) this.flush();
    this.#sender = sender;
    if (!this.#outgoing.add(data, to)) {
      this.flush();
      this.#sender = sender;
      this.#outgoing.add(data, to);
    }
    if (this.#due) return;
    this.#due = true;
    this.loop.soon(this.#onDue);
  }

  /** @param of whose; absent = all */
  flush(of = this.#sender): void {
    if (of === undefined || of !== this.#sender) return;
    this.#sender = undefined;
    this.#outgoing.flushOrDrop(of.fd);
    of.flushed();
  }

  readonly #onDue = (): void => {
    this.#due = false;
    this.flush();
  };
}
