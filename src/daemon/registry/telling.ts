/**
 * Telling what becomes of wormholes: to the log when the state or its reason changes, to listeners at each step.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Event } from '../../spec/api.ts';
import type { Logger } from '../log.ts';
import type { Status } from '../status.ts';
import type { Entry } from '../wormhole/entry.ts';

export class Telling {
  readonly #log: Logger;
  readonly #onEvent: (event: Event) => void;
  readonly #told = new WeakMap<Entry, Event>();
  readonly #logged = new WeakMap<Entry, Status>();

  constructor(log: Logger, onEvent: (event: Event) => void) {
    this.#log = log;
    this.#onEvent = onEvent;
  }

  changed(entry: Entry): void {
    const event = eventOf(entry);
    const { timeMs: _now, ...before } = this.#told.get(entry) ?? { timeMs: 0 };
    const { timeMs: _then, ...after } = event;
    if (isDeepStrictEqual(before, after)) return;
    this.#told.set(entry, event);
    this.#onEvent(event);
    this.#logState(entry);
  }

  deleted(entry: Entry): void {
    this.#log.info({ wormhole: entry.id }, 'wormhole deleted');
    this.#onEvent({ timeMs: Date.now(), wormhole: entry.id, state: 'deleted', reason: '', pull: null });
  }

  /** One line for each state and reason; how far a pull is, is for listeners. */
  #logState(entry: Entry): void {
    const { state } = entry.status;
    const status = state === 'starting' ? { state, reason: '' } : entry.status;
    if (isDeepStrictEqual(this.#logged.get(entry), status)) return;
    this.#logged.set(entry, status);
    const { url, spec } = entry.describe();
    const log = this.#log.child({ wormhole: entry.id });
    const facts = { url, spec, state, ...(status.reason !== '' && { reason: status.reason }) };
    if (state === 'failed') log.warn(facts, 'wormhole failed');
    else log.info(facts, `wormhole ${state}`);
  }
}

/** How it is now. */
export function eventOf(entry: Entry): Event {
  const { state, reason } = entry.describe();
  return { timeMs: Date.now(), wormhole: entry.id, state, reason, pull: entry.pull ?? null };
}
