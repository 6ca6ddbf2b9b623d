/**
 * What leaves a session: who may send next, and how much goes into one write.
 *
 * Control frames first, then grants of window, then data, one quantum per stream in turn. Everything that comes up in one
 * round of the event loop leaves in one write, so a thousand small messages cost one system call and one TLS record.
 * While the pipe is full nothing is built: data waits in the streams' queues, grants are a mark on the stream.
 */
import type { BytePipe, Clock } from '../byte-pipe.ts';
import type { MuxLimits } from './limits.ts';
import { Outbox } from './outbox.ts';
import type { MuxStream } from './stream.ts';

export interface SenderOptions {
  readonly pipe: BytePipe;
  readonly limits: MuxLimits;
  readonly clock: Clock;
  readonly rtt: () => number | undefined;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #out = new Outbox();
  /** The row of streams that have something to send. */
  #first: MuxStream | undefined;
  #last: MuxStream | undefined;
  #grants: MuxStream[] = [];
  #room = true;
  #scheduled = false;
  #stopped = false;
  #owed = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** A control frame. */
  frame(type: number, flags: number, id: number, length: number): void {
    if (this.#stopped) return;
    this.#out.frame(type, flags, id, length);
    this.#schedule();
  }

  /**
   * A control frame that the peer made us owe.
   *
   * @returns false when it made us owe too many without reading them (A22)
   */
  owe(type: number, flags: number, id: number, length: number): boolean {
    this.#owed += 1;
    this.frame(type, flags, id, length);
    return this.#owed <= this.#options.limits.maxOwed;
  }

  ready(stream: MuxStream): void {
    if (this.#stopped) return;
    stream.queued = true;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.next = stream;
    this.#last = stream;
    this.#schedule();
  }

  grantDue(stream: MuxStream): void {
    if (this.#stopped || stream.granting) return;
    stream.granting = true;
    this.#grants.push(stream);
    this.#schedule();
  }

  /** The pipe has room again. */
  drained(): void {
    this.#room = true;
    this.flush();
  }

  /** Hands over what was gathered as it is, without any more data; then takes nothing any more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    const slices = this.#out.take();
    if (slices.length > 0) this.#options.pipe.write(slices);
    this.#first = undefined;
    this.#last = undefined;
    this.#grants = [];
  }

  #schedule(): void {
    if (this.#scheduled || !this.#room) return;
    this.#scheduled = true;
    const { pipe } = this.#options;
    if (pipe.soon === undefined) setImmediate(this.#run);
    else pipe.soon(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    try {
      this.flush();
    } catch (error) {
      // Whoever waits for what was not sent would wait for ever.
      this.#options.pipe.destroy();
      throw error;
    }
  };

  /** Sends now what can be sent, instead of in the next round. */
  flush(): void {
    const { pipe } = this.#options;
    const sent: MuxStream[] = [];
    while (this.#room && !this.#stopped) {
      this.#build(sent);
      const slices = this.#out.take();
      if (slices.length === 0) break;
      this.#owed = 0;
      this.#room = pipe.write(slices);
    }
    for (const stream of sent) stream.sent();
  }

  /** Fills the outbox with one batch. */
  #build(sent: MuxStream[]): void {
    const { limits, clock, rtt } = this.#options;
    if (this.#grants.length > 0) {
      const grants = this.#grants;
      const now = clock.now();
      this.#grants = [];
      for (const stream of grants) {
        stream.granting = false;
        stream.emitGrant(this.#out, now, rtt());
      }
    }
    while (this.#first !== undefined && this.#out.bytes < limits.batch) {
      const stream = this.#first;
      this.#first = stream.next;
      if (this.#first === undefined) this.#last = undefined;
      stream.next = undefined;
      stream.queued = false;
      if (!stream.sendable) continue;
      stream.emit(this.#out, this.#first === undefined ? limits.batch : limits.quantum);
      if (stream.sendable) this.ready(stream);
      sent.push(stream);
    }
  }
}
