/**
 * Containers that this daemon, maybe in an earlier life, started for a wormhole that nobody remembers: their `delete`, or
 * the undoing of their `create`, was cut short or failed.
 */
import type { Runner } from '../../docker/runner.ts';
import { backOff, pause } from '../../lib/pause.ts';
import type { Logger } from '../log.ts';
import { HOST_LABEL, ID_LABEL } from './labels.ts';

const RETRY_MS = [1000, 60_000] as const;

export interface OrphanOptions {
  readonly runner: Pick<Runner, 'labelled' | 'remove'>;
  readonly hostId: () => string;
  /** Whether a wormhole of this id exists, or is being made. */
  readonly known: (id: string) => boolean;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class Orphans implements AsyncDisposable {
  readonly #options: OrphanOptions;
  readonly #closed = new AbortController();
  #wanted = false;
  #running: Promise<void> | undefined;

  constructor(options: OrphanOptions) {
    this.#options = options;
  }

  /** Removes them in the background, once the engine answers. */
  remove(): void {
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DOMException('no longer looked for', 'AbortError'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    let delays = backOff(...RETRY_MS);
    while (this.#wanted && !signal.aborted) {
      this.#wanted = false;
      try {
        await this.#removeOnce(signal);
        delays = backOff(...RETRY_MS);
      } catch (err) {
        if (signal.aborted) break;
        this.#options.log.warn({ err }, 'containers of wormholes that are gone could not be removed; trying again');
        this.#wanted = true;
        await pause(delays.next().value, signal).catch(() => undefined);
      }
    }
    this.#running = undefined;
  }

  async #removeOnce(signal: AbortSignal): Promise<void> {
    const { runner, hostId, known, log } = this.#options;
    for (const { id, labels } of await runner.labelled({ [HOST_LABEL]: hostId() }, signal)) {
      const wormhole = labels[ID_LABEL] ?? '';
      if (known(wormhole)) continue;
      log.info({ container: id, wormhole }, 'container of a wormhole that is gone is removed');
      await runner.remove(id, signal);
    }
  }
}
