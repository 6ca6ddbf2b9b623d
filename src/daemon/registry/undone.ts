/**
 * What is told of a failure whose undoing failed, too: the reason first, then what is left behind.
 */
import { WormholeError } from '../../lib/errors.ts';
import { reasonOf } from '../status.ts';

/** @param error whatever was thrown out of a scope; see SuppressedError of ECMAScript's explicit resource management */
export function undone(error: unknown): unknown {
  if (!(error instanceof Error) || !('suppressed' in error) || !('error' in error)) return error;
  const first = undone(error.suppressed);
  const left = leftovers(error.error);
  if (!WormholeError.is(first)) return first;
  return new WormholeError(first.code, `${first.message}; and not everything could be undone: ${left.join('; ')}`, {
    cause: error.error,
    detail: { ...first.detail, leftBehind: left.length },
  });
}

function leftovers(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(leftovers);
  return [reasonOf(error)];
}
