/** Questions and streams that end with their caller's signal or with the engine object, and fail in wormhole's vocabulary. */
import { setMaxListeners } from 'node:events';
import { Deadline } from '../lib/deadline.ts';
import { type Ask, type ClientOptions, EngineClient } from './client.ts';
import { aborted, unavailable } from './failure.ts';

/** An answer that arrives bit by bit; disposing gives up the rest. */
export interface Opened extends Disposable {
  readonly chunks: AsyncIterator<unknown>;
  /** Aborts with the caller's signal and when the engine object is closed. */
  readonly signal: AbortSignal;
}

export class EngineCalls implements Disposable {
  readonly client: EngineClient;
  readonly #closed = new AbortController();

  constructor(options: ClientOptions) {
    // Every question under way listens; hundreds of wormholes that start together are no leak.
    setMaxListeners(0, this.#closed.signal);
    this.client = new EngineClient(options);
  }

  /**
   * One question and its whole answer.
   *
   * @param ask may throw a WormholeError for an answer that it understands
   * @param timeoutMs default: the client's
   * @throws {WormholeError} WH_ERR_DOCKER_UNAVAILABLE, WH_ERR_ABORTED
   */
  async ask<T>(signal: AbortSignal, ask: Ask<T>, timeoutMs?: number): Promise<T> {
    try {
      using life = new Deadline(Infinity, signal, this.#closed.signal);
      return await this.client.call(life.signal, ask, timeoutMs);
    } catch (error) {
      throw this.failure(error, signal);
    }
  }

  /** The beginning of an endless answer within `headMs`. Throws as {@link ask} does. */
  async open(signal: AbortSignal, ask: Ask<NodeJS.ReadableStream>, headMs: number): Promise<Opened> {
    const life = new Deadline(Infinity, signal, this.#closed.signal);
    try {
      const stream = await this.client.stream(life.signal, ask, headMs);
      return {
        chunks: stream[Symbol.asyncIterator](),
        signal: life.signal,
        [Symbol.dispose]: () => {
          life[Symbol.dispose]();
          (stream as NodeJS.ReadableStream & { destroy: () => void }).destroy();
        },
      };
    } catch (error) {
      life[Symbol.dispose]();
      throw this.failure(error, signal);
    }
  }

  /** @param signal the caller's; when that has aborted, even by a time limit of its own, it is not the engine's fault */
  failure(error: unknown, signal: AbortSignal): Error {
    return signal.aborted ? aborted(signal.reason) : unavailable(error, this.client.address);
  }

  /** Everything under way is given up. */
  [Symbol.dispose](): void {
    this.#closed.abort(new DOMException('the container engine is closed', 'AbortError'));
  }
}
