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

export class Flags {
  readonly #given: readonly RunArgument[];

  constructor(given: readonly RunArgument[]) {
    this.#given = given;
  }

  /** Whether a switch is on; undefined when it was not given. */
  isOn(name: RunFlagName): boolean | undefined {
    const last = this.#given.findLast((flag) => flag.name === name);
    return last === undefined ? undefined : last.value !== 'false';
  }

  /** The last value, read; undefined when the flag was not given. @throws {WormholeError} WH_ERR_SPEC_INVALID */
  last<T>(name: RunFlagName, read: (text: string) => T): T | undefined {
    return this.all(name, read).at(-1);
  }

  /** Every value, read, in the order given; also those that a later one replaces. @throws {WormholeError} WH_ERR_SPEC_INVALID */
  all<T>(name: RunFlagName, read: (text: string) => T): T[] {
    return this.#given
      .filter((flag) => flag.name === name)
      .map(({ value }) =>
        naming(name, () => {
          if (value === '' && runFlags[name].empty !== true) {
            throw invalid('the value is empty; is a shell variable unset?');
          }
          return read(value);
        }),
      );
  }
}

/** Runs `read` and puts the flag's name in front of what it has to say. */
export function naming<T>(name: RunFlagName, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!WormholeError.is(error)) throw error;
    throw new WormholeError(error.code, `--${name}: ${error.message}`, { cause: error });
  }
}
