/** What a `docker-run` asks for, in the words of the engine's API; pure data, the same on every machine. */

export interface ContainerRecipe {
  /** Reference as written. */
  readonly image: string;
  /** Absent = the engine chooses. */
  readonly name?: string;
  /** `linux/arm64`; absent = the engine's own. */
  readonly platform?: string;
  /** When to ask a registry: for an image that is not here, each time, or never. */
  readonly pull: 'missing' | 'always' | 'never';
  /** Query-free body of POST /containers/create of the Engine API (1.41), without labels of ours. */
  readonly body: Readonly<Record<string, unknown>>;
}
