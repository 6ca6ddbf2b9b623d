/**
 * What happens to wormholes, told to whoever listens now: each change of state, and how far a pull is.
 */
import type { Readable } from 'node:stream';
import type { Event } from '../spec/api.ts';
import { Reader } from './reader.ts';

/** Wormholes that a slow reader may be behind of. */
const MOST_BEHIND = 10_000;

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
  // Whoever is too slow misses steps, never the last state: of each wormhole the newest is kept until there is room.
  const latest = new Map<string, Event>();
  const catchUp = (): void => {
    for (const [wormhole, event] of latest) {
      if (reader.full) return;
      latest.delete(wormhole);
      reader.push(event);
    }
  };
  const reader: Reader<Event> = new Reader((_dropped, next) => next, catchUp);
  const wanted = (event: Event): boolean => id === undefined || event.wormhole === id;
  for (const event of now.filter(wanted)) reader.push(event);
  const source = events.listen((event) => {
    if (!wanted(event)) return;
    if (latest.size === 0 && !reader.full) return reader.push(event);
    latest.delete(event.wormhole);
    latest.set(event.wormhole, event);
    // Ids are made and deleted without an end; whoever reads none of it has left in all but name.
    if (latest.size > MOST_BEHIND) reader.stream.destroy();
  });
  reader.follow(source, signals);
  return reader.stream;
}
