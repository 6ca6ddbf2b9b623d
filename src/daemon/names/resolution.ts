/** The answer to a look-up. */

/** What a name resolves to. */
export interface Resolution {
  /** IP literals, best first, at least one. */
  readonly addresses: readonly string[];
  readonly validForMs: number;
}
