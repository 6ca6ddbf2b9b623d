/**
 * One label of one container and what became of it.
 *
 *   ──► refused          says something that a label may not: told once, never tried again
 *   ──► open             its wormhole is there
 *   ──► failed           could not be made now (the port or the id is taken): told once per reason, tried again later
 *   ──► open ──► deleted by somebody: not made again before the container starts anew
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Logger } from '../log.ts';
import type { Declarer } from './label.ts';
import type { DeclaredWormhole, Wormholes } from './wormholes.ts';

export class Declared {
  readonly #wormholes: Wormholes;
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  readonly #facts: { readonly container: string; readonly name: string; readonly label: string };
  #wormhole: DeclaredWormhole | undefined;
  #refused = false;
  #failed = false;
  #told = '';
  /** The run of the container that it was made for. */
  #madeFor: string | undefined;

  constructor(
    { id, name }: Declarer,
    label: string,
    { wormholes, log }: { wormholes: Wormholes; log: Pick<Logger, 'info' | 'warn'> },
  ) {
    this.#wormholes = wormholes;
    this.#log = log;
    this.#facts = { container: id, name, label };
  }

  /** True while its own wormhole is there, and not another one of that id. */
  get isOpen(): boolean {
    if (this.#wormhole === undefined) return false;
    try {
      return this.#wormholes.get(this.#wormhole.id) === this.#wormhole;
    } catch {
      return false;
    }
  }

  get mayBeTriedAgain(): boolean {
    return this.#failed;
  }

  /** For good. */
  refuse(reason: string): void {
    this.#refused = true;
    this.#failed = false;
    this.#tell(reason, 'a label that declares a wormhole is ignored');
  }

  /** For now. */
  postpone(reason: string): void {
    this.#failed = true;
    this.#tell(reason, 'a wormhole that a label declares cannot be made now');
  }

  /**
   * Makes the wormhole unless it is there, or was there in this run of the container.
   *
   * @param read the words of the spec; what it throws is a refusal
   */
  async follow(startedAt: string, read: () => readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#refused || this.isOpen || this.#madeFor === startedAt) return;
    let words: readonly string[];
    try {
      words = read();
    } catch (error) {
      return this.refuse(reasonOf(error));
    }
    try {
      this.#wormhole = await this.#wormholes.create(words, signal, { remembered: false });
    } catch (error) {
      if (signal.aborted) throw error;
      if (WormholeError.is(error) && (error.code === 'WH_ERR_SPEC_INVALID' || error.code === 'WH_ERR_SELF_PROXY')) {
        return this.refuse(reasonOf(error));
      }
      return this.postpone(reasonOf(error));
    }
    this.#failed = false;
    this.#told = '';
    this.#madeFor = startedAt;
    this.#log.info({ ...this.#facts, wormhole: this.#wormhole.id }, 'a label declares a wormhole');
  }

  /** Its container is gone. */
  async close(): Promise<void> {
    if (!this.isOpen || this.#wormhole === undefined) return;
    await this.#wormholes.remove(this.#wormhole.id, false);
  }

  #tell(reason: string, message: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#log.warn({ ...this.#facts, reason }, message);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
