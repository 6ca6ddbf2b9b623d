/**
 * One event stream for all who watch: opened with the first watcher, closed with the last.
 *
 * Events are lossy (a restart of the engine, a slow reader), so a change without an id, "look at everything", is
 * sent after every connect and at a steady interval. It carries one list of all containers, so that hundreds of watchers
 * need not ask one question each; without an answer it is sent all the same, and whoever must know asks. While the engine is away, connecting is tried again after a
 * delay that doubles up to a limit, half of it random so that many daemons do not come back in step.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ContainerChange, Listing } from './engine.ts';
import { Lines, toChange } from './events.ts';

export interface WatchOptions {
  /** Opens the stream; it ends when `signal` aborts. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<unknown>>;
  /** Asks for all containers. */
  readonly list: (signal: AbortSignal) => Promise<Listing>;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** Milliseconds between resyncs. */
  readonly resyncMs: number;
  /** Milliseconds of the first and of the longest delay before connecting again. */
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
}

type OnChange = (change: ContainerChange) => void;

const everything = { id: '', name: '' } as const;

export class Watch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #watchers = new Set<{ readonly onChange: OnChange }>();
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Calls `onChange` until the returned object is disposed. It must not throw. */
  add(onChange: OnChange): Disposable {
    const watcher = { onChange };
    this.#watchers.add(watcher);
    if (this.#stop === undefined) this.#start();
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher);
        if (this.#watchers.size === 0) this.#end();
      },
    };
  }

  /** Resolves when the stream is closed; nobody is called any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchers.clear();
    this.#end();
    await this.#running;
  }

  #start(): void {
    const stop = new AbortController();
    this.#stop = stop;
    const before = this.#running;
    this.#running = (async () => {
      await before;
      let listing = false;
      const resync = setInterval(() => {
        if (listing) return;
        listing = true;
        void this.#tellAll('resync', stop.signal).finally(() => (listing = false));
      }, this.#options.resyncMs);
      try {
        await this.#follow(stop.signal);
      } finally {
        clearInterval(resync);
      }
    })();
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { minDelayMs = 100, maxDelayMs = 10_000 } = this.#options;
    let delay = minDelayMs;
    while (!signal.aborted) {
      const started = performance.now();
      await this.#read(signal);
      if (signal.aborted) return;
      // A stream that lasted was healthy; one that ends at once must not be reopened in a tight loop.
      delay = performance.now() - started > maxDelayMs ? minDelayMs : Math.min(delay * 2, maxDelayMs);
      await sleep(delay / 2 + (Math.random() * delay) / 2, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads one stream to its end; never rejects. */
  async #read(signal: AbortSignal): Promise<void> {
    try {
      const stream = await this.#options.open(signal);
      // Asked now that the stream is open, and beside it: what happens meanwhile comes as an event.
      void this.#tellAll('connect', signal);
      const lines = new Lines();
      for await (const chunk of stream) {
        if (!(chunk instanceof Uint8Array)) continue;
        for (const line of lines.push(chunk)) {
          const change = toChange(line);
          if (change !== undefined) this.#tell(change);
        }
      }
    } catch (err) {
      if (!signal.aborted) this.#options.log.debug({ err }, 'event stream of the container engine lost');
    }
  }

  /** Never rejects. */
  async #tellAll(action: string, signal: AbortSignal): Promise<void> {
    let all: Listing | undefined;
    try {
      all = await this.#options.list(signal);
    } catch (err) {
      if (!signal.aborted) this.#options.log.debug({ err }, 'the container engine did not list its containers');
    }
    if (!signal.aborted) this.#tell({ ...everything, action, ...(all !== undefined && { all }) });
  }

  #tell(change: ContainerChange): void {
    for (const { onChange } of this.#watchers) {
      try {
        onChange(change);
      } catch (err) {
        this.#options.log.warn({ err, change }, 'a watcher of containers threw');
      }
    }
  }
}
