/**
 * A route as the control plane holds it: the same listener, pool and options in every worker that serves it.
 *
 * Owns the listening socket (the workers have duplicates) and the blocks of counters. Calls are carried out one after
 * the other.
 */
import { WormholeError } from '../lib/errors.ts';
import { dupFd } from '../sys/dup.ts';
import type { OwnedFd } from '../sys/fd.ts';
import { Counters, MEMBERS_MAX, sumCounters } from './counters.ts';
import type { FromRelay } from './messages.ts';
import { Question } from './question.ts';
import type { RelayThread, Request } from './relay-thread.ts';
import type { Route, RouteOptions, RouteStats, Targets } from './route.ts';
import { wireOptions } from './wire-options.ts';
import { toWire } from './wire-targets.ts';

/** See the module header. */
export class SharedRoute implements Route {
  readonly #number: number;
  readonly #threads: readonly RelayThread[];
  readonly #options: RouteOptions;
  readonly #blocks: readonly Counters[];
  readonly #onClosed: () => void;
  readonly #question: Question<RelayThread> | undefined;
  #listener: OwnedFd | undefined;
  #members = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** The answer whose first connection has been told of. */
  #served = 0;
  #unlistened: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(number: number, threads: readonly RelayThread[], options: RouteOptions, onClosed: () => void) {
    this.#number = number;
    this.#threads = threads;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#blocks = threads.map(() => new Counters());
    if (options.ask !== undefined) {
      this.#question = new Question(options.ask, {
        answer: (targets) => this.#retarget(targets, true),
        refuse: (reason) => this.#refuse(reason),
      });
    }
    const common = { open: new SharedArrayBuffer(4), rotation: new SharedArrayBuffer(4) };
    const wire = wireOptions(options);
    threads.forEach((thread, i) => {
      thread.listen(number, (message) => this.#hear(thread, message));
      const counters = (this.#blocks[i] as Counters).shared;
      thread.post({ type: 'open', route: number, options: wire, counters, common });
    });
  }

  listen(socket: OwnedFd): Promise<void> {
    return this.#inTurn(async () => {
      await this.#unlisten();
      this.#listener = socket;
      await this.#all(() => ({ type: 'listen', route: this.#number, fd: dupFd(socket.fd).release() }));
    });
  }

  unlisten(): Promise<void> {
    return this.#inTurn(() => this.#unlisten());
  }

  async retarget(targets: Targets): Promise<void> {
    await this.#retarget(targets, false);
  }

  stats(): RouteStats {
    return sumCounters(this.#blocks, this.#members);
  }

  /** Safe to call again, e.g. with 0 to end a drain early. */
  async close(drainMs: number): Promise<void> {
    // An abort may overtake the drain, but not the calls before it: it takes the route away from under them.
    const unlistened = (this.#unlistened ??= this.unlisten());
    const closing = (this.#closing ??= unlistened.then(() => this.#close()));
    const abort = (): void => this.#abort();
    const timer = setTimeout(() => void unlistened.then(abort, abort), drainMs);
    try {
      await closing;
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  async #retarget({ targets, validForMs, connected }: Targets, answers: boolean): Promise<void> {
    try {
      for (const { member, label, address } of targets) {
        if (address.kind === 'link') throw new WormholeError('WH_ERR_UNSUPPORTED', `${label} is no socket`);
        this.#count(member);
      }
      await this.#inTurn(() => {
        const receiver = this.#question?.first;
        const answer = answers ? (this.#question?.settle() ?? 0) : 0;
        return this.#all((thread) => {
          const common = {
            type: 'targets',
            route: this.#number,
            targets: toWire(targets),
            validForMs,
            answer,
          } as const;
          if (thread !== receiver || connected === undefined) return common;
          return { ...common, connected: { member: connected.member, fd: connected.socket.release() } };
        });
      });
    } finally {
      // Nobody waits, or nobody could be told.
      connected?.socket[Symbol.dispose]();
    }
  }

  #count(member: number): void {
    if (member >= MEMBERS_MAX) throw new WormholeError('WH_ERR_LIMIT', `a pool has at most ${MEMBERS_MAX} members`);
    this.#members = Math.max(this.#members, member + 1);
  }

  async #close(): Promise<void> {
    // Not in turn: a drain lasts, and an abort must overtake it.
    await this.#all(() => ({ type: 'close', route: this.#number, abort: false }));
    for (const thread of this.#threads) thread.unlisten(this.#number);
    this.#question?.close();
    this.#onClosed();
  }

  #abort(): void {
    // The route may be gone in some workers by now; that is what was wanted.
    void Promise.allSettled(
      this.#threads.map((thread) => thread.request({ type: 'close', route: this.#number, abort: true })),
    );
  }

  async #unlisten(): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    try {
      await this.#all(() => ({ type: 'unlisten', route: this.#number }));
    } finally {
      listener[Symbol.dispose]();
    }
  }

  async #all(request: (thread: RelayThread) => Request): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.request(request(thread))));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  #hear(thread: RelayThread, message: FromRelay): void {
    switch (message.type) {
      case 'ask':
        this.#question?.ask(thread, message.answers);
        break;
      case 'unask':
        this.#question?.unask(thread, message.answers);
        break;
      case 'served':
        if (message.answer <= this.#served) break;
        this.#served = message.answer;
        this.#options.onServed?.(message.trace);
        break;
      case 'records':
        for (const record of message.records) this.#options.onClosed?.(record);
        break;
      default:
        break;
    }
  }

  #refuse(reason: string): void {
    const answer = this.#question?.settle() ?? 0;
    for (const thread of this.#threads) thread.post({ type: 'ask-failed', route: this.#number, answer, reason });
  }
}
