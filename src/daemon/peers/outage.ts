/**
 * A link without a connection, from its loss until there is another one or the link is over.
 *
 * Seen at once, and told when it has lasted: most are over before anybody could act on them.
 */

/** Milliseconds after which it is told. */
const TOLD_AFTER_MS = 1_000;

export class Outage {
  #reason = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #followers = new Set<() => void>();

  /** Why the connection was lost; '' while there is one. */
  get reason(): string {
    return this.#reason;
  }

  begin(reason: string): void {
    this.#reason = reason;
    this.#timer ??= setTimeout(() => this.#tell(), TOLD_AFTER_MS).unref();
  }

  /** There is a connection again, or no link any more. */
  end(): void {
    if (this.#reason === '') return;
    this.#reason = '';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tell();
  }

  /** Calls `onChange` when it has lasted, and when it has ended, until disposed. */
  follow(onChange: () => void): Disposable {
    this.#followers.add(onChange);
    return { [Symbol.dispose]: () => void this.#followers.delete(onChange) };
  }

  #tell(): void {
    for (const follower of this.#followers) follower();
  }
}
