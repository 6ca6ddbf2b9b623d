/**
 * Connections of peers that a guest here dials, and that a head of this very daemon may accept: by their addresses, the count
 * of hops goes on where a stream ends and another one begins.
 *
 * So a connection ends that would go round for ever, through wormholes each of which is well.
 */
export class Passing {
  readonly #hops = new Map<string, number>();

  /**
   * What came through `hops` peers goes on over a socket here, until it is forgotten.
   *
   * @param from its own address, as its other end sees it; '' when it has none
   */
  note(from: string, hops: number): void {
    if (from !== '') this.#hops.set(from, hops);
  }

  forget(from: string): void {
    if (from !== '') this.#hops.delete(from);
  }

  /** Peers that a client at `from` has come through before it was accepted here. */
  hopsOf(from: string): number {
    return this.#hops.get(from) ?? 0;
  }
}
