/** What options say: read strictly, and told as wrong usage of the verb where they are wrong. */
import { WormholeError } from '../lib/errors.ts';
import { camelCase } from './camel-case.ts';
import type { Invocation } from './invocation.ts';

/** The value of an option. @throws {WormholeError} WH_ERR_USAGE when it is missing or empty */
export function required(call: Invocation, verb: string, flags: string): string {
  const value = optional(call, verb, flags);
  if (value === undefined) throw usage(verb, `${flags} is missing`);
  return value;
}

/** As {@link required}, but it may be missing. An empty one is what an unset shell variable leaves, which must turn nothing into its default. */
export function optional(call: Invocation, verb: string, flags: string): string | undefined {
  const value = call.flags[camelCase(flags)];
  if (value === '') throw usage(verb, `${flags} is empty; is a shell variable unset?`);
  return typeof value === 'string' ? value : undefined;
}

/** Runs `read`; what it finds wrong is told as wrong usage of `flags`. */
export function reading<T>(verb: string, flags: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!WormholeError.is(cause) || cause.code !== 'WH_ERR_SPEC_INVALID') throw cause;
    throw new WormholeError('WH_ERR_USAGE', `${flags}: ${cause.message}`, { cause, detail: { verb } });
  }
}

export function usage(verb: string, message: string): WormholeError {
  return new WormholeError('WH_ERR_USAGE', message, { detail: { verb } });
}
