/**
 * Where the connections of one portable route go now: its pool, how long the addresses hold, and the question for
 * new ones, asked once however many connections wait for the answer.
 */
import { performance } from 'node:perf_hooks';
import type { OwnedFd } from '../../sys/fd.ts';
import { Question } from '../question.ts';
import type { RouteOptions, Targets, UpstreamTarget } from '../route.ts';
import { Pool } from '../target/pool.ts';
import type { RawTargets } from './raw.ts';
import { refuseUnreachable, type Ways } from './ways.ts';

/** Least time between two questions that failed dials cause. */
const REASK_MS = 1000;

/** A clock that never jumps, in milliseconds. */
export function now(): number {
  return performance.now();
}

/** A connected socket that one of those who wait is given instead of a dial; owned by who gets it. */
export interface GivenSocket {
  readonly target: UpstreamTarget;
  readonly socket: OwnedFd;
}

/** Somebody who wants to know. */
interface Waiter {
  readonly resolve: (given: GivenSocket | undefined) => void;
  readonly reject: (error: Error) => void;
}

const nobody: Waiter = { resolve: () => undefined, reject: () => undefined };

/** The tail of one route. */
export class CurrentTargets {
  readonly pool: Pool;
  readonly ways: Ways;
  /** Counts replacements: of targets picked before one, the descriptors are gone. */
  generation = 0;
  readonly #kind: RouteOptions['kind'];
  /** Descriptors of the targets. */
  readonly #raw: RawTargets | undefined;
  readonly #question: Question<Waiter> | undefined;
  /** In the order they came. */
  readonly #waiting = new Set<Waiter>();
  #validUntil = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #served = 0;

  constructor({ balance, ask, kind }: RouteOptions, ways: Ways) {
    this.ways = ways;
    this.#kind = kind;
    this.#raw = ways.raw?.targets();
    this.pool = new Pool({ balance, random: Math.random, now });
    if (ask === undefined) return;
    this.#question = new Question(ask, {
      answer: async (targets) => this.#learn(targets, true),
      refuse: (reason) => {
        this.#question?.settle();
        for (const { reject } of this.#takeWaiting()) reject(new Error(reason));
      },
    });
  }

  /** @throws {WormholeError} WH_ERR_UNSUPPORTED for targets that no way leads to from here */
  replace(targets: Targets): void {
    this.#learn(targets, false);
  }

  #learn({ targets, validForMs, connected }: Targets, answers: boolean): void {
    let socket = connected?.socket;
    try {
      for (const target of targets) refuseUnreachable(target, this.#kind, this.ways);
      this.pool.replace(this.#raw?.replace(targets) ?? targets);
      this.generation++;
      this.#validUntil = now() + validForMs;
      if (answers) this.#question?.settle();
      else if (this.stale) return;
      const target = targets.find(({ member }) => member === connected?.member);
      for (const { resolve } of this.#takeWaiting()) {
        const given = target === undefined || socket === undefined ? undefined : { target, socket };
        if (given !== undefined) socket = undefined;
        resolve(given);
      }
    } finally {
      socket?.[Symbol.dispose]();
    }
  }

  #takeWaiting(): Waiter[] {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }

  /** True when a connection has to {@link wait} before it picks. */
  get stale(): boolean {
    return this.#question !== undefined && (this.pool.empty || now() >= this.#validUntil);
  }

  /** Number of the answer that who waits now will get. */
  get awaited(): number {
    return (this.#question?.answered ?? 0) + 1;
  }

  /** True once for each answer: for the first connection that it served. */
  firstServed(answer: number): boolean {
    if (answer <= this.#served) return false;
    this.#served = answer;
    return true;
  }

  /**
   * Waits for targets, as long as it takes: whoever makes them has a limit of its own.
   *
   * @param signal of who leaves before
   * @returns the socket that was made for whoever has waited longest
   * @throws what the question failed with, or the signal's reason
   */
  wait(signal?: AbortSignal): Promise<GivenSocket | undefined> {
    const question = this.#question;
    if (question === undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const settled = (): void => signal?.removeEventListener('abort', leave);
      const waiter: Waiter = {
        resolve: (given) => {
          settled();
          resolve(given);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      const leave = (): void => {
        if (!this.#waiting.delete(waiter)) return;
        question.unask(waiter, question.answered);
        waiter.reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#ask(waiter);
    });
  }

  /** Every target failed, so what is known of them may be old: asks without anybody waiting for the answer. */
  doubt(): void {
    if (now() - this.#askedAt >= REASK_MS) this.#ask(nobody);
  }

  #ask(waiter: Waiter): void {
    this.#askedAt = now();
    this.#question?.ask(waiter, this.#question.answered);
  }

  /** Nobody waits or dials any more. */
  close(): void {
    this.#question?.close();
    this.#raw?.close();
  }
}
