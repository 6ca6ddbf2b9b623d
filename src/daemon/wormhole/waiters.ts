/** Those who wait for the next time that something happens. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** It happened. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  /** Resolves the next time, or when `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
