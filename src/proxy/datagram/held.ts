/**
 * Datagrams of one UDP route that wait for targets: copies, in the order they came, bounded per client and in all.
 */
import { type Counters, Slot } from '../counters.ts';
import type { Flow } from './flow.ts';

/** Bytes that may wait, over all clients. */
const HELD_BYTES_MAX = 1 << 20;

/** See the module header. */
export class HeldDatagrams {
  readonly #counters: Counters;
  #bytes = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  hold(flow: Flow, datagram: Buffer): void {
    if (this.#bytes + datagram.length > HELD_BYTES_MAX || !flow.hold(datagram)) {
      this.#counters.add(Slot.datagramsDropped, 1);
      return;
    }
    this.#bytes += datagram.length;
    if (flow.held.length === 1) this.#counters.add(Slot.waiting, 1);
  }

  /** @returns what `flow` had waiting; nothing does any more */
  take(flow: Flow): Buffer[] {
    const held = flow.held.splice(0);
    if (held.length > 0) this.#counters.add(Slot.waiting, -1);
    for (const { length } of held) this.#bytes -= length;
    return held;
  }

  /** Gives up what `flow` had waiting. */
  drop(flow: Flow): void {
    this.#counters.add(Slot.datagramsDropped, this.take(flow).length);
  }
}
