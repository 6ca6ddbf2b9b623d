/** The connection by which a verb takes back what it has done, when it failed half-way or was interrupted. */
import type { Daemon, Invocation } from './invocation.ts';

/** Milliseconds for each step of it; who does not wait interrupts again. */
const UNDO_MS = 10_000;

/** Not ended by the signal of the program, which may have come already. @returns the caller's */
export async function openToUndo({ surroundings, whereabouts }: Invocation): Promise<Daemon> {
  const { signal } = new AbortController();
  return await surroundings.connect({ ...whereabouts, timeoutMs: UNDO_MS, signal });
}
