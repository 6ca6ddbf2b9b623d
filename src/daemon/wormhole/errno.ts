/** The system call error underneath a failure. */
import { WormholeError } from '../../lib/errors.ts';

/** Symbolic errno of `error` or of the nearest cause that has one, e.g. `EADDRINUSE`. */
export function errnoOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = WormholeError.is(at) ? at.detail['errno'] : (at as { code?: unknown }).code;
    if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return code;
  }
  return undefined;
}
