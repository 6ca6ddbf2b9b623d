/**
 * Where a target is to be dialed now: its literal, or what its name means in its place, asked again when that is stale.
 */
import { isIP } from 'node:net';
import { WormholeError } from '../../../lib/errors.ts';
import type { ProbeTarget, Resolve } from './target.ts';

/** Milliseconds before a name that did not resolve is looked up again: what serves it may be starting, too. */
const UNRESOLVED_MS = 250;

export class Addresses {
  readonly #target: ProbeTarget;
  readonly #resolve: Resolve;
  #known: readonly string[] = [];
  #staleAt = Number.NEGATIVE_INFINITY;

  constructor(target: ProbeTarget, resolve: Resolve) {
    this.#target = target;
    this.#resolve = resolve;
  }

  /**
   * Literals, best first; none while the name does not resolve, which `note` is told.
   *
   * @throws {WormholeError} WH_ERR_POLICY when `port` may not be dialed there
   */
  async now(port: number, note: (reason: string) => void, signal: AbortSignal): Promise<readonly string[]> {
    const literals = await this.#look(note, signal);
    const { permit, protocol } = this.#target;
    for (const host of literals) permit?.({ protocol: protocol === 'udp' ? 'udp' : 'tcp', host, port });
    return literals;
  }

  async #look(note: (reason: string) => void, signal: AbortSignal): Promise<readonly string[]> {
    const { host, place } = this.#target;
    // The protocol of a unix target says nothing about a port that is probed beside it.
    if (host === '') return ['127.0.0.1'];
    if (isIP(host.split('%')[0] ?? '') !== 0) return [host];
    if (performance.now() < this.#staleAt) return this.#known;
    try {
      const { addresses, validForMs } = await this.#resolve(host, place, signal);
      this.#known = addresses;
      this.#staleAt = performance.now() + validForMs;
    } catch (error) {
      if (signal.aborted || !WormholeError.is(error)) throw error;
      this.#known = [];
      this.#staleAt = performance.now() + UNRESOLVED_MS;
      note(error.message);
    }
    return this.#known;
  }
}
