/**
 * Containers that an earlier life of this daemon started for a wormhole that nobody remembers: their `delete`, or the
 * undoing of their `create`, was cut short.
 */
import type { Runner } from '../../docker/runner.ts';
import type { Logger } from '../log.ts';
import { backOff, pause } from '../wormhole/pause.ts';
import { HOST_LABEL, ID_LABEL } from './labels.ts';

const RETRY_MS = [1000, 60_000] as const;

export interface OrphanOptions {
  readonly runner: Pick<Runner, 'labelled' | 'remove'>;
  readonly hostId: string;
  /** Whether a wormhole of this id exists, or is being made. */
  readonly known: (id: string) => boolean;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Removes them once the engine answers; rejects only when `signal` aborts. */
export async function removeOrphans({ runner, hostId, known, log }: OrphanOptions, signal: AbortSignal): Promise<void> {
  for (const delay of backOff(...RETRY_MS)) {
    try {
      for (const { id, labels } of await runner.labelled({ [HOST_LABEL]: hostId }, signal)) {
        const wormhole = labels[ID_LABEL] ?? '';
        if (known(wormhole)) continue;
        log.info({ container: id, wormhole }, 'container of a wormhole that is gone is removed');
        await runner.remove(id, signal);
      }
      return;
    } catch (err) {
      signal.throwIfAborted();
      log.warn({ err }, 'containers of wormholes that are gone could not be looked for; trying again');
    }
    await pause(delay, signal);
  }
}
