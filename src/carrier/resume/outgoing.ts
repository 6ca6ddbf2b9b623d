/**
 * The way out of a session: keeps what is written, and gives it to the present connection as fast as that takes it.
 */
import { type Held, uncounted } from '../memory.ts';
import type { ResumeLimits } from './limits.ts';
import { RecordType, record, recordHeader, smallRecord } from './record.ts';
import { SendLog } from './send-log.ts';
import type { Wire } from './wire.ts';

/** Bytes of data up to which it is copied together with its header. */
const copyBelow = 2 * 1024;

export class Outgoing {
  readonly #limits: ResumeLimits;
  readonly #before: () => Buffer | undefined;
  readonly #memory: Held;
  readonly #log: SendLog;
  #wire: Wire | undefined;
  #full = false;

  /** @param before called before each record of data: what is to go with it, in front */
  constructor(limits: ResumeLimits, before: () => Buffer | undefined, memory: Held = uncounted) {
    this.#limits = limits;
    this.#memory = memory;
    this.#log = new SendLog(memory);
    this.#before = before;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#log.bytes;
  }

  get ended(): boolean {
    return this.#log.ended;
  }

  /** The end, and everything before it, is known to have arrived. */
  get arrived(): boolean {
    return this.#log.allAcknowledged;
  }

  /** @returns false when it is full; see `drained` */
  write(slices: readonly Buffer[]): boolean {
    this.#log.push(slices);
    this.#pump();
    this.#full = !this.#hasRoom();
    return !this.#full;
  }

  end(): void {
    this.#log.end();
    this.#pump();
  }

  /** There is no connection. */
  detach(): void {
    this.#wire = undefined;
  }

  /** Goes on over `wire` at `offset`, which `acknowledge` has taken. */
  goOn(wire: Wire, offset: number): void {
    this.#wire = wire;
    this.#log.rewind(offset);
    this.#pump();
  }

  /** The connection has room again. */
  connectionDrained(): void {
    this.#pump();
  }

  /** @returns false when it was never sent, or takes back an earlier one */
  acknowledge(offset: number): boolean {
    return this.#log.acknowledge(offset);
  }

  /** @returns true, once, when `write` said it is full and it no longer is */
  drained(): boolean {
    if (!this.#full || !this.#hasRoom()) return false;
    this.#full = false;
    return true;
  }

  #hasRoom(): boolean {
    return this.#log.bytes < this.#most() && this.#wire?.room !== false;
  }

  /** What is kept beyond is acknowledged before long: then it is looked again. */
  #most(): number {
    const { keepBytes, keepScarce, keepExhausted } = this.#limits;
    if (!this.#memory.scarce) return keepBytes;
    return Math.min(keepBytes, this.#memory.exhausted ? keepExhausted : keepScarce);
  }

  #pump(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    while (wire.room && this.#log.unsent > 0) {
      const { slices, bytes } = this.#log.take(this.#limits.batch);
      this.#give(wire, slices, bytes);
    }
    if (!this.#log.endDue) return;
    this.#log.sent(1);
    wire.send(record(RecordType.end));
  }

  #give(wire: Wire, slices: readonly Buffer[], count: number): void {
    if (count === 0) return;
    const before = this.#before();
    // A small message is one slice: two in a writev cost more than the copy.
    if (count < copyBelow) return wire.send(smallRecord(before, RecordType.data, slices, count));
    const header = recordHeader(RecordType.data, count);
    if (before === undefined) wire.send(header, ...slices);
    else wire.send(before, header, ...slices);
  }
}
