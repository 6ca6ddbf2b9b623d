/**
 * A regular expression that is matched against lines of strangers, in a thread of its own.
 *
 * The expression is the operator's, the lines are the container's: `(a+)+$` and thirty letters keep V8 busy for longer
 * than the machine lives. The thread may be stuck as long as it likes, the daemon is not; it is ended when it stays on one line, which
 * then does not match, and the next line goes to a new one.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Deadline } from '../../../lib/deadline.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { pause } from '../../../lib/pause.ts';

/** Characters of a line that are looked at. */
const LINE_MAX = 8192;
/** Milliseconds on one line until the thread is ended; long, because the thread may have to wait for a processor. */
const STUCK_MS = 2000;
/** Lines that may go on for so long. */
const STUCK_MAX = 3;
const MEMORY_MB = 32;

/** What the thread is given: the expression, and a place to tell which line it is at. */
interface Work {
  readonly regex: string;
  readonly progress: SharedArrayBuffer;
}

/** Runs in the thread, from its own text: it uses nothing but its argument. */
function serve({ parentPort, workerData }: typeof import('node:worker_threads')): void {
  const { regex, progress } = workerData as Work;
  const expression = new RegExp(regex);
  const at = new Int32Array(progress);
  parentPort?.on('message', (lines: readonly string[]) => {
    const found = lines.some((line, index) => {
      Atomics.store(at, 0, index);
      return expression.test(line);
    });
    parentPort.postMessage(found);
  });
}

export class LineMatcher implements AsyncDisposable {
  readonly #work: Work;
  readonly #at: Int32Array;
  readonly #stuckMs: number;
  #worker: Promise<Worker> | undefined;
  #stuck = 0;

  constructor(regex: string, stuckMs = STUCK_MS) {
    this.#work = { regex, progress: new SharedArrayBuffer(4) };
    this.#at = new Int32Array(this.#work.progress);
    this.#stuckMs = stuckMs;
  }

  /**
   * True when one of the lines matches. Not to be called again before it has answered.
   *
   * @throws {WormholeError} WH_ERR_CONTAINER_FAILED when the expression is too slow for the third time
   */
  async match(lines: readonly string[], signal: AbortSignal): Promise<boolean> {
    let rest = lines.map((line) => line.slice(0, LINE_MAX));
    while (rest.length > 0) {
      const found = await this.#ask(rest, signal);
      if (found !== undefined) return found;
      rest = rest.slice(Atomics.load(this.#at, 0) + 1);
      this.#stuck += 1;
      if (this.#stuck === STUCK_MAX) throw this.#tooSlow();
    }
    return false;
  }

  /** Ends the thread, whatever it is at. */
  async [Symbol.asyncDispose](): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined);
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** @returns undefined when it was stuck at a line, and is no more */
  async #ask(lines: readonly string[], signal: AbortSignal): Promise<boolean | undefined> {
    const worker = await (this.#worker ??= this.#start());
    Atomics.store(this.#at, 0, 0);
    using answered = new Deadline(Number.POSITIVE_INFINITY, signal);
    try {
      const answer = once(worker, 'message', answered) as Promise<[boolean]>;
      worker.postMessage(lines);
      const found = await Promise.race([answer.then(([found]) => found), this.#stall(answered.signal)]);
      if (found !== undefined) return found;
    } catch {
      // Given up, or the thread ran out of memory.
      signal.throwIfAborted();
    } finally {
      answered.abort();
    }
    await this[Symbol.asyncDispose]();
    return undefined;
  }

  async #start(): Promise<Worker> {
    const source = `(${serve.toString()})(require('node:worker_threads'))`;
    const resourceLimits = { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: MEMORY_MB };
    const worker = new Worker(source, { eval: true, workerData: this.#work, resourceLimits, trackUnmanagedFds: false });
    // Who waits for an answer is told by itself.
    worker.on('error', () => undefined).unref();
    await once(worker, 'online');
    return worker;
  }

  /** Resolves when the thread has stayed at one line. */
  async #stall(signal: AbortSignal): Promise<undefined> {
    for (let before = -1; ; ) {
      const now = Atomics.load(this.#at, 0);
      if (now === before) return;
      before = now;
      await pause(this.#stuckMs, signal);
    }
  }

  #tooSlow(): WormholeError {
    return new WormholeError(
      'WH_ERR_CONTAINER_FAILED',
      `ready log:${this.#work.regex}: the expression takes too long on lines of the container's log; ` +
        'leave out repetitions within repetitions, like (a+)+, and anchor it with ^',
    );
  }
}
