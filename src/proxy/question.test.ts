import { describe, expect, test } from 'vitest';
import { Question } from './question.ts';
import type { Targets } from './route.ts';

const targets: Targets = { targets: [], validForMs: 0 };

/** A question whose answers the test gives, and what became of them. */
class Bench {
  readonly log: string[] = [];
  readonly question = new Question<string>((signal) => this.#ask(signal), {
    answer: async () => {
      this.log.push(`answer ${this.question.settle()}`);
    },
    refuse: (reason) => {
      this.log.push(`refuse ${this.question.settle()}: ${reason}`);
    },
  });
  resolve: () => void = () => undefined;
  reject: (reason: string) => void = () => undefined;
  #asked = 0;

  #ask(signal: AbortSignal): Promise<Targets> {
    const number = ++this.#asked;
    this.log.push(`ask ${number}`);
    signal.addEventListener('abort', () => this.log.push(`abort ${number}`));
    return new Promise((resolve, reject) => {
      this.resolve = () => resolve(targets);
      this.reject = (reason) => reject(new Error(reason));
    });
  }

  /** What has happened since the last look, once everything has come to rest. */
  async happened(): Promise<string[]> {
    await new Promise(setImmediate);
    return this.log.splice(0);
  }
}

describe('a question', () => {
  test('is put once for all workers, and answered for all', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    question.ask('b', 0);
    expect(question.first).toBe('a');
    expect(await bench.happened()).toEqual(['ask 1']);
    bench.resolve();
    expect(await bench.happened()).toEqual(['answer 1']);
  });

  test('is withdrawn when the last worker no longer wants to know', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    question.ask('b', 0);
    question.unask('a', 0);
    expect([question.first, await bench.happened()]).toEqual(['b', ['ask 1']]);
    question.unask('b', 0);
    expect(await bench.happened()).toEqual(['abort 1']);
    bench.reject('withdrawn');
    expect(await bench.happened()).toEqual([]);
    question.ask('a', 0);
    expect(await bench.happened()).toEqual(['ask 2']);
  });

  test('that was withdrawn is put anew for who came before it settled', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    question.unask('a', 0);
    question.ask('b', 0);
    expect(await bench.happened()).toEqual(['ask 1', 'abort 1']);
    bench.reject('withdrawn');
    expect(await bench.happened()).toEqual(['ask 2']);
    bench.resolve();
    expect(await bench.happened()).toEqual(['answer 1']);
  });

  test('that was withdrawn too late answers who came meanwhile', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    question.unask('a', 0);
    question.ask('b', 0);
    bench.resolve();
    expect(await bench.happened()).toEqual(['ask 1', 'abort 1', 'answer 1']);
  });

  test('crossed by an answer on its way has been answered by it', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    bench.resolve();
    await bench.happened();
    question.ask('b', 0);
    question.unask('b', 0);
    expect(await bench.happened()).toEqual([]);
    question.ask('b', 1);
    expect(await bench.happened()).toEqual(['ask 2']);
  });

  test('withdrawn by who asked before the last answer is not withdrawn', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    bench.reject('no');
    expect(await bench.happened()).toEqual(['ask 1', 'refuse 1: no']);
    question.ask('a', 1);
    question.unask('a', 0);
    expect(await bench.happened()).toEqual(['ask 2']);
  });

  test('of a route that has ended is withdrawn and never put again', async () => {
    const { question, ...bench } = withParts();
    question.ask('a', 0);
    question.close();
    bench.reject('closed');
    question.ask('a', 0);
    expect(await bench.happened()).toEqual(['ask 1', 'abort 1']);
  });
});

function withParts() {
  const bench = new Bench();
  return {
    question: bench.question,
    happened: () => bench.happened(),
    resolve: () => bench.resolve(),
    reject: (reason: string) => bench.reject(reason),
  };
}
