/** The registry, as far as labels need it. */

/** Narrow on purpose: a declared wormhole is made and removed, and nothing is done to anybody else's. */
export interface Wormholes {
  /** @throws {WormholeError} whatever keeps it from working; nothing is left of it then */
  create(
    words: readonly string[],
    signal: AbortSignal,
    options: { readonly remembered: false },
  ): Promise<DeclaredWormhole>;
  /** @throws {WormholeError} WH_ERR_WORMHOLE_NOT_FOUND */
  get(id: string): DeclaredWormhole;
  remove(id: string, now: boolean): Promise<unknown>;
}

/** Compared by identity: after a delete its id may be another's. */
export interface DeclaredWormhole {
  readonly id: string;
}
