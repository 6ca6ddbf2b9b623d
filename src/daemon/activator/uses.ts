/**
 * Who leads to which container, over all wormholes: what idleness is counted by.
 *
 * A *user* is one pool member of one tail. Counts are of connections (UDP: flows) that are open, being dialed or waiting,
 * never of requests.
 */
export interface User {
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
  readonly #users = new Map<string, Set<User>>();

  /** Containers that somebody leads to. */
  get size(): number {
    return this.#users.size;
  }

  /** Counts `user` for `container` until disposed. */
  add(container: string, user: User): Disposable {
    const users = this.#users.get(container) ?? new Set();
    users.add(user);
    this.#users.set(container, users);
    return {
      [Symbol.dispose]: () => {
        users.delete(user);
        if (users.size === 0 && this.#users.get(container) === users) this.#users.delete(container);
      },
    };
  }

  /** Connections that need it now, and connections so far. */
  count(container: string): { readonly busy: number; readonly total: number } {
    let busy = 0;
    let total = 0;
    for (const user of this.#of(container)) {
      busy += user.busy();
      total += user.total();
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
  async suspend(container: string, except?: User): Promise<boolean> {
    const users = this.#of(container).filter((user) => user !== except);
    // One that cannot be suspended, because it is being closed just now, still counts.
    await Promise.allSettled(users.map((user) => user.suspend()));
    if (users.every((user) => user.busy() === 0)) return true;
    await this.resume(container);
    return false;
  }

  async resume(container: string): Promise<void> {
    await Promise.allSettled(this.#of(container).map((user) => user.resume()));
  }

  #of(container: string): readonly User[] {
    return [...(this.#users.get(container) ?? [])];
  }
}
