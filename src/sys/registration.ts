/**
 * Who watches a descriptor on the event loop of a thread (`event-loop.ts`), and how that ends.
 */

/** Who is called when a descriptor is ready: edge-triggered, so all must be done, or {@link Registration.again} called. */
export type OnReady = (events: number) => void;
/** Told what {@link OnReady} threw; ends what the descriptor is for, if nothing else would. */
export type OnFault = (error: unknown) => void;

export interface Registration {
  /** Calls back in the next turn as if there had been an event. */
  again(): void;
  /** Before its owner closes the descriptor, or gives it away. */
  remove(): void;
  /** As {@link remove}, right before the descriptor is closed for good: that ends the watch by itself. */
  forget(): void;
}

/** What an entry needs of its loop. */
interface EntryHost {
  enqueue(entry: Entry): void;
  /** @returns whether it was there */
  forget(entry: Entry): boolean;
  unwatch(fd: number): void;
}

/** One that is, or was, in the loop's table. */
export class Entry implements Registration {
  readonly #loop: EntryHost;
  readonly #fd: number;
  readonly id: number;
  readonly onReady: OnReady;
  readonly onFault: OnFault | undefined;
  queued = false;

  constructor(loop: EntryHost, fd: number, id: number, onReady: OnReady, onFault: OnFault | undefined) {
    this.#loop = loop;
    this.#fd = fd;
    this.id = id;
    this.onReady = onReady;
    this.onFault = onFault;
  }

  again(): void {
    this.#loop.enqueue(this);
  }

  remove(): void {
    if (this.#loop.forget(this)) this.#loop.unwatch(this.#fd);
  }

  forget(): void {
    this.#loop.forget(this);
  }
}
