/**
 * What went wrong with a tunnel, as an error that may cross to the rest of the daemon. The kernel's words stay in the text: they
 * are about names and numbers, never about keys.
 */
import { WormholeError } from '../lib/errors.ts';

const conflicts = new Set(['EEXIST', 'EADDRINUSE', 'EBUSY']);
const permissions = new Set(['EPERM', 'EACCES']);
/** What a kernel answers that was built without something. */
const lacks = new Set(['ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPROTONOSUPPORT', 'EAFNOSUPPORT']);

/** Of a system call, '' when it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** @param what was to be done, e.g. `cannot install the tunnel` @returns `error` itself when it is one already, or an abort */
export function failure(error: unknown, what: string): unknown {
  if (WormholeError.is(error) || !(error instanceof Error) || error.name === 'AbortError') return error;
  const code = codeOf(error);
  const message = `${what}: ${error.message}`;
  if (conflicts.has(code)) return new WormholeError('WH_ERR_TUNNEL_CONFLICT', message, { cause: error });
  if (permissions.has(code)) return new WormholeError('WH_ERR_PERMISSION', message, { cause: error });
  if (lacks.has(code)) return new WormholeError('WH_ERR_KERNEL', message, { cause: error });
  return new WormholeError('WH_ERR_TUNNEL', message, { cause: error });
}

/** Goes on when the failure is one of these: what should not be there is not there. */
export async function unless(work: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!codes.includes(codeOf(error))) throw error;
  }
}

/** The value, or undefined when the failure is one of these. */
export async function orAbsent<T>(work: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codes.includes(codeOf(error))) return undefined;
    throw error;
  }
}
