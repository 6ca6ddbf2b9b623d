/**
 * What happens to wormholes, told to whoever listens now: each change of state, and how far a pull is.
 */
import type { Readable } from 'node:stream';
import type { Event } from '../spec/api.ts';
import { Reader } from './reader.ts';

export class Events {
  readonly #listeners = new Set<(event: Event) => void>();

  emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `onEvent`, which must not throw, until disposed. */
  listen(onEvent: (event: Event) => void): Disposable {
    this.#listeners.add(onEvent);
    return { [Symbol.dispose]: () => void this.#listeners.delete(onEvent) };
  }
}

/**
 * Events for one reader as ndjson, beginning with how things are.
 *
 * @param now one event for each wormhole there is
 * @param id only those of this wormhole
 * @param signals end it
 */
export function eventStream(
  events: Events,
  now: readonly Event[],
  id: string | undefined,
  ...signals: readonly AbortSignal[]
): Readable {
  // Whoever is too slow misses steps, never the last state: the next event tells that anyway.
  const reader = new Reader<Event>((_dropped, next) => next);
  const wanted = (event: Event): boolean => id === undefined || event.wormhole === id;
  for (const event of now.filter(wanted)) reader.push(event);
  const source = events.listen((event) => {
    if (wanted(event)) reader.offer(event);
  });
  reader.follow(source, signals);
  return reader.stream;
}
