/**
 * An `ask` that answers when the test says so.
 */
import type { Targets } from '../../src/proxy/route.ts';

/** See the module header. */
export class Oracle {
  /** One signal per question, in the order they were put. */
  readonly signals: AbortSignal[] = [];
  #answers: Array<{ resolve: (targets: Targets) => void; reject: (error: Error) => void }> = [];

  readonly ask = (signal: AbortSignal): Promise<Targets> => {
    this.signals.push(signal);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  };

  get asked(): number {
    return this.signals.length;
  }

  /** Whether each question was withdrawn. */
  get withdrawn(): boolean[] {
    return this.signals.map(({ aborted }) => aborted);
  }

  answer(targets: Targets['targets'], rest: Partial<Targets> = {}): void {
    for (const { resolve } of this.#answers.splice(0))
      resolve({ targets, validForMs: Number.POSITIVE_INFINITY, ...rest });
  }

  fail(message: string): void {
    for (const { reject } of this.#answers.splice(0)) reject(new Error(message));
  }
}
