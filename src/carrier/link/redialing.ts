/**
 * Finding another connection for a session whose connection is lost: at once, then with growing pauses, until there is one
 * or the session is over.
 */
import { WormholeError } from '../../lib/errors.ts';
import { redialSession } from '../resume/redial.ts';
import type { ResumablePipe } from '../resume/resumable-pipe.ts';
import { pipeOf } from '../secure-stream.ts';
import { exporterOf } from './connection-secret.ts';
import type { Dialed } from './dial.ts';

/** Milliseconds of pause: the first, and the longest; each up to a half shorter by chance. */
const pauseMs = [100, 2_000] as const;
/** Milliseconds that the peer may take to answer. */
const answerMs = 5_000;

export interface RedialingOptions {
  readonly session: ResumablePipe;
  /** Of node's TLS; for tests. */
  readonly recordsPerKey: number | undefined;
  readonly dial: (signal: AbortSignal) => Promise<Dialed>;
  /** The peer is there, and does not know the session. */
  readonly onUnknown: (reason: WormholeError) => void;
  readonly onResumed: (dialed: Dialed) => void;
}

export class Redialing {
  readonly #options: RedialingOptions;
  readonly #session: ResumablePipe;
  readonly #stopped = new AbortController();
  #running = false;

  constructor(options: RedialingOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  /** The connection is lost; again is a no-op. */
  begin(): void {
    if (this.#running || this.#stopped.signal.aborted) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      if (!this.#session.connected && !this.#session.over) this.begin();
    });
  }

  stop(): void {
    this.#stopped.abort(new WormholeError('WH_ERR_ABORTED', 'the link is being closed'));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    let pause: number = pauseMs[0];
    while (!this.#session.over && !this.#session.connected && !signal.aborted) {
      if (await this.#attempt(signal)) return;
      await rest(pause * (0.5 + Math.random() / 2), signal);
      pause = Math.min(pause * 2, pauseMs[1]);
    }
  }

  async #attempt(signal: AbortSignal): Promise<boolean> {
    let dialed: Dialed;
    try {
      dialed = await this.#options.dial(signal);
    } catch {
      return false;
    }
    const { stream } = dialed;
    if (this.#session.connected) {
      stream.destroy();
      return true;
    }
    const exporter = exporterOf(stream);
    if (exporter === undefined) return false;
    return await new Promise((resolve) => {
      const late = setTimeout(() => stream.destroy(), answerMs);
      const settle = (resumed: boolean): void => {
        clearTimeout(late);
        resolve(resumed);
      };
      redialSession(this.#session, pipeOf(stream, this.#options.recordsPerKey), {
        exporter,
        onResumed: () => {
          settle(true);
          this.#options.onResumed(dialed);
        },
        onFailed: (_reason, why) => {
          if (why === 'unknown')
            this.#options.onUnknown(
              new WormholeError('WH_ERR_ABORTED', 'the peer has restarted, or given the session up'),
            );
          settle(why !== 'lost');
        },
      });
    });
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
