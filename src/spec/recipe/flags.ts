/**
 * The flags of one `docker-run` by name: the last value, all values, or whether a switch is on.
 *
 * Gives every error the flag's name, once. Which values a message may repeat is for the readers of values to decide:
 * nothing here repeats any.
 */
import { WormholeError } from '../../lib/errors.ts';
import { invalid } from '../invalid.ts';
import type { RunArgument } from '../run.ts';
import { type RunFlagName, runFlags } from '../run-flags.ts';

/** What one concern adds to the body of a create request. */
export interface Part {
  /** Members of the body itself, `Config` of an inspect. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Members of `HostConfig`. */
  readonly host?: Readonly<Record<string, unknown>>;
}

export class Flags {
  readonly #values = new Map<RunFlagName, string[]>();

  constructor(given: readonly RunArgument[]) {
    for (const { name, value } of given) {
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
    }
  }

  has(name: RunFlagName): boolean {
    return this.#values.has(name);
  }

  /** Whether a switch is on; undefined when it was not given. */
  isOn(name: RunFlagName): boolean | undefined {
    const last = this.#values.get(name)?.at(-1);
    return last === undefined ? undefined : last !== 'false';
  }

  /** The last value, read; undefined when the flag was not given. @throws {WormholeError} WH_ERR_SPEC_INVALID */
  last<T>(name: RunFlagName, read: (text: string) => T): T | undefined {
    return this.all(name, read).at(-1);
  }

  /** Every value, read, in the order given; also those that a later one replaces. @throws {WormholeError} WH_ERR_SPEC_INVALID */
  all<T>(name: RunFlagName, read: (text: string) => T): T[] {
    return (this.#values.get(name) ?? []).map((value) =>
      naming(name, () => {
        if (value === '' && runFlags[name].empty !== true) {
          throw invalid('the value is empty; is a shell variable unset?');
        }
        return read(value);
      }),
    );
  }
}

/** `{ [key]: value }`, or nothing when there is no value or an empty list. */
export function member(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? {} : { [key]: value };
}

/** The error of a flag that is wrong beside others, rather than in its value. */
export function wrong(name: RunFlagName, message: string): WormholeError {
  return invalid(`--${name}: ${message}`);
}

/** Runs `read` and puts the flag's name in front of what it has to say. */
function naming<T>(name: RunFlagName, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!WormholeError.is(error)) throw error;
    throw new WormholeError(error.code, `--${name}: ${error.message}`, { cause: error });
  }
}
