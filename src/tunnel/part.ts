/**
 * The parts of a tunnel's half: each is one thing in the kernel that can be added, looked for and taken away.
 *
 * A half is a list of parts in the order in which they are added; all that is done with tunnels is done with such a list. Whoever
 * adds them all owns them; parts themselves remember nothing, so that a later process can take them up.
 */
import { WormholeError } from '../lib/errors.ts';
import { failure } from './failure.ts';

export interface Part {
  /** In words, e.g. `address 100.65.0.2`. */
  readonly what: string;
  /** Fails when something that is not ours has its place. */
  add(): Promise<void>;
  present(): Promise<boolean>;
  /** One that is not there is no failure. */
  remove(): Promise<void>;
  /** It holds no key and nothing else depends on it: when somebody takes it away it is added again. */
  readonly mends?: boolean;
}

/**
 * Adds all of them; after a failure takes away those that were added, newest first.
 *
 * @throws {WormholeError} the failure of the step; what could not be undone is told in its text
 */
export async function addParts(parts: readonly Part[], signal?: AbortSignal): Promise<void> {
  const added: Part[] = [];
  try {
    for (const part of parts) {
      signal?.throwIfAborted();
      await part.add();
      added.push(part);
    }
    signal?.throwIfAborted();
  } catch (error) {
    const left = await takeAway(added);
    if (left.length === 0) throw failure(error, 'cannot install the tunnel');
    const what = left.map(({ part }) => part.what).join(', ');
    const cause = new AggregateError([error, ...left.map(({ error }) => error)]);
    throw new WormholeError('WH_ERR_TUNNEL', `cannot install the tunnel, and left behind: ${what}`, { cause });
  }
}

/** Takes them away, newest first, the others also when one will not go. @throws {WormholeError} WH_ERR_TUNNEL */
export async function removeParts(parts: readonly Part[]): Promise<void> {
  const left = await takeAway(parts);
  if (left.length === 0) return;
  const what = left.map(({ part }) => part.what).join(', ');
  const [first] = left;
  const cause = left.length === 1 ? first?.error : new AggregateError(left.map(({ error }) => error));
  throw new WormholeError('WH_ERR_TUNNEL', `cannot remove of the tunnel: ${what}`, { cause });
}

/** Which of them there are and which not, in words. */
export async function inspectParts(parts: readonly Part[]): Promise<{ partial: string[]; missing: string[] }> {
  const partial: string[] = [];
  const missing: string[] = [];
  for (const part of parts) {
    const there = await part.present().catch((error: unknown) => {
      throw failure(error, `cannot look for the tunnel's ${part.what}`);
    });
    (there ? partial : missing).push(part.what);
  }
  return { partial, missing };
}

/** Adds again those that are missing and can be mended. @throws what could not be */
export async function mendParts(parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    if (part.mends === true && !(await part.present())) await part.add();
  }
}

async function takeAway(parts: readonly Part[]): Promise<Array<{ part: Part; error: unknown }>> {
  const left: Array<{ part: Part; error: unknown }> = [];
  for (const part of parts.toReversed()) {
    try {
      await part.remove();
    } catch (error) {
      left.push({ part, error });
    }
  }
  return left;
}
