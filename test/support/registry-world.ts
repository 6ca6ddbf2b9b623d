/** A registry on fakes, and what its tests look at. */
import { Registry } from '../../src/daemon/registry/registry.ts';
import type { WormholeRecord } from '../../src/daemon/state/record.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import { FakeMemory } from './fake-memory.ts';
import { FakeSurroundings } from './fake-surroundings.ts';

/** A signal that does not abort. */
export const never: AbortSignal = new AbortController().signal;

/** Ids that are not given are `made-1`, `made-2`, … */
export function registryWorld(memory = new FakeMemory(), surroundings = new FakeSurroundings()) {
  let made = 0;
  const makeId = (taken: (id: string) => boolean): string => {
    for (;;) if (!taken(`made-${++made}`)) return `made-${made}`;
  };
  return { surroundings, memory, registry: new Registry({ surroundings, memory, makeId }) };
}

/** What `work` fails with; it must. */
export async function failure(work: Promise<unknown>): Promise<WormholeError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!WormholeError.is(error)) throw new Error(`no WormholeError: ${String(error)}`);
  return error;
}

export function remembered(id: string, words: readonly string[], more: Partial<WormholeRecord> = {}): WormholeRecord {
  return { version: 1, id, words, createdAt: '2026-01-01T00:00:00.000Z', sequence: 1, ...more };
}
