/**
 * Who leads to which container, over all wormholes: what idleness is counted by.
 *
 * A *use* is one pool member of one tail. Counts are of connections (UDP: flows) that are open, being dialed or waiting,
 * never of requests.
 */
export interface Use {
  /** Milliseconds after which it may be ended for being idle, as far as this one is concerned; 0 = says nothing. */
  readonly idleMs: number;
  /** Connections that need the container now. */
  busy(): number;
  /** Connections so far: more than at the last look means that there was one meanwhile. */
  total(): number;
  /** New connections wait from now on. Resolves when {@link busy} counts everything that came before. */
  suspend(): Promise<void>;
  /** The opposite; harmless when not suspended. */
  resume(): Promise<void>;
}

export class Uses {
  readonly #uses = new Map<string, Set<Use>>();

  /** Containers that somebody leads to. */
  get size(): number {
    return this.#uses.size;
  }

  /** Counts `use` for `container` until disposed. */
  add(container: string, use: Use): Disposable {
    const uses = this.#uses.get(container) ?? new Set();
    uses.add(use);
    this.#uses.set(container, uses);
    return {
      [Symbol.dispose]: () => {
        uses.delete(use);
        if (uses.size === 0 && this.#uses.get(container) === uses) this.#uses.delete(container);
      },
    };
  }

  /** Connections that need it now, and connections so far. */
  count(container: string): { readonly busy: number; readonly total: number } {
    let busy = 0;
    let total = 0;
    for (const use of this.#of(container)) {
      busy += use.busy();
      total += use.total();
    }
    return { busy, total };
  }

  /** Milliseconds it must be idle: of several wormholes that say so, the most patient one counts. */
  idleMs(container: string): number {
    const said = this.#of(container).flatMap(({ idleMs }) => (idleMs > 0 ? [idleMs] : []));
    return said.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...said);
  }

  /**
   * Keeps new connections from it.
   *
   * @param except neither kept away nor counted
   * @returns false when somebody needs it after all; then nothing is suspended
   */
  async suspend(container: string, except?: Use): Promise<boolean> {
    const uses = this.#of(container).filter((use) => use !== except);
    // One that cannot be suspended, because it is being closed just now, still counts.
    await Promise.allSettled(uses.map((use) => use.suspend()));
    if (uses.every((use) => use.busy() === 0)) return true;
    await this.resume(container);
    return false;
  }

  async resume(container: string): Promise<void> {
    await Promise.allSettled(this.#of(container).map((use) => use.resume()));
  }

  #of(container: string): readonly Use[] {
    return [...(this.#uses.get(container) ?? [])];
  }
}
