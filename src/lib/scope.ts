/**
 * Resource ownership: whoever opens a resource puts it in a {@link Scope}; the scope closes everything it
 * owns exactly once, newest first, and never stops at the first failure.
 *
 * The pattern for a setup of several steps is to build in a temporary scope and to hand everything to the
 * lasting owner with {@link Scope.moveTo} when all of it worked; leaving the block early undoes all of it.
 */
export class Scope implements AsyncDisposable {
  readonly #label: string;
  readonly #controller = new AbortController();
  readonly #undo: Array<() => unknown> = [];
  #closing: Promise<void> | undefined;

  constructor(label: string, parent?: AbortSignal) {
    this.#label = label;
    const abort = (): void => this.#controller.abort(parent?.reason);
    if (parent?.aborted === true) abort();
    else if (parent !== undefined) {
      parent.addEventListener('abort', abort, { once: true });
      this.#undo.push(() => parent.removeEventListener('abort', abort));
    }
  }

  /** Aborts when the scope starts closing; hand it to everything the scope starts. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Takes ownership of `resource` and returns it. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  /** Registers `undo`, to be run when the scope closes; on a closed scope it runs now and the call throws. */
  defer(undo: () => unknown): void {
    if (this.#closing === undefined) {
      this.#undo.push(undo);
      return;
    }
    this.#closing = this.#closing.finally(undo);
    this.signal.throwIfAborted();
  }

  /** Hands everything owned so far to `heir`: the setup succeeded, its owner is someone else now. */
  moveTo(heir: Scope): void {
    for (const undo of this.#undo.splice(0)) heir.defer(undo);
  }

  /** Aborts the signal, then undoes in reverse order; rejects with every failure once all have been tried. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#controller.abort(new DOMException(`${this.#label} closed`, 'AbortError'));
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, `${this.#label}: ${failures.length} resource(s) did not close`);
    }
  }
}
