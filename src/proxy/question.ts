/**
 * The question for targets of one route: put once however many workers want to know, withdrawn when nobody waits for
 * the answer any more.
 *
 *     ask ─► asked ─answer─► everybody who waits, in every worker
 *              └─the last one leaves─► aborted ─settled─► asked anew, if somebody came meanwhile
 *
 * Pure bookkeeping. Questions cross answers on their way; how that is told apart is said in `messages.ts`.
 */
import type { Targets } from './route.ts';

/** Where an answer goes: to all workers, each with what {@link Question.settle} says at that moment. */
export interface Answers {
  answer(targets: Targets): Promise<void>;
  refuse(reason: string): void;
}

/** See the module header. `W` names a worker. */
export class Question<W> {
  readonly #ask: (signal: AbortSignal) => Promise<Targets>;
  readonly #answers: Answers;
  /** Workers that wait for an answer, in the order they asked. */
  readonly #askers = new Set<W>();
  #asked: AbortController | undefined;
  #closed = false;
  #answered = 0;

  constructor(ask: (signal: AbortSignal) => Promise<Targets>, answers: Answers) {
    this.#ask = ask;
    this.#answers = answers;
  }

  /** @param answers how many answers `worker` had seen when it asked */
  ask(worker: W, answers: number): void {
    if (this.#closed || answers < this.#answered) return;
    this.#askers.add(worker);
    if (this.#asked === undefined) void this.#run();
  }

  /** Nobody waits in `worker` any more. */
  unask(worker: W, answers: number): void {
    if (answers < this.#answered) return;
    this.#askers.delete(worker);
    if (this.#askers.size === 0) this.#asked?.abort();
  }

  /** The worker that has waited longest. */
  get first(): W | undefined {
    const [first] = this.#askers;
    return first;
  }

  /** Answers so far, refusals included. */
  get answered(): number {
    return this.#answered;
  }

  /** An answer is being sent to all workers now. @returns its number */
  settle(): number {
    this.#askers.clear();
    return ++this.#answered;
  }

  /** Nobody will wait any more. */
  close(): void {
    this.#closed = true;
    this.#askers.clear();
    this.#asked?.abort();
  }

  async #run(): Promise<void> {
    while (this.#askers.size > 0) {
      const { signal } = (this.#asked = new AbortController());
      try {
        await this.#answers.answer(await this.#ask(signal));
      } catch (error) {
        // What became of a question that was withdrawn is no answer for who came after that.
        if (!signal.aborted) this.#answers.refuse(error instanceof Error ? error.message : String(error));
      }
    }
    this.#asked = undefined;
  }
}
