/**
 * What a translation has to tell: what it left out or changed, and what it cannot do. Nothing is dropped in silence.
 *
 * An error of one service does not hide those of the others: all are collected before the first is thrown.
 */
import { WormholeError } from '../../lib/errors.ts';

export class Findings {
  /** `SERVICE: what, and the remedy`; done all the same. */
  readonly notes: string[] = [];
  /** The same of what cannot be done. */
  readonly errors: string[] = [];

  note(where: string, text: string): void {
    const line = `${where}: ${text}`;
    if (!this.notes.includes(line)) this.notes.push(line);
  }

  /** Runs `translate`; what it throws as WH_ERR_COMPOSE is written down, and the answer is undefined. */
  collect<T>(where: string, translate: () => T): T | undefined {
    try {
      return translate();
    } catch (error) {
      if (!WormholeError.is(error)) throw error;
      this.errors.push(`${where}: ${error.message}`);
      return undefined;
    }
  }

  /** @throws {WormholeError} WH_ERR_COMPOSE with the first error; the others are among the notes then */
  settle(): void {
    const [first, ...others] = this.errors;
    if (first === undefined) return;
    this.notes.push(...others);
    const more = others.length === 0 ? '' : ` (and ${others.length} more, above)`;
    throw untranslatable(`${first}${more}`);
  }
}

/** @param message names the key and the remedy */
export function untranslatable(message: string): WormholeError {
  return new WormholeError('WH_ERR_COMPOSE', message);
}
