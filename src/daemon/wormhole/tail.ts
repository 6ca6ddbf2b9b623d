/**
 * The tail of a wormhole: keeps the route's targets current while containers move and names change.
 *
 * A connection that comes while no member is here waits for one, as long as connecting may take.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Route, Targets } from '../../proxy/route.ts';
import type { Where } from '../places/where.ts';
import type { Member } from './member.ts';
import { backOff } from './pause.ts';

/** When some members did not resolve, they are asked for again after this long. */
const PARTIAL_VALID_MS = 5000;
/** When none did, they are looked for again: first and last delay. */
const RETRY_MS = [1000, 30_000] as const;
const NOBODY: Targets = { targets: [], validForMs: 0 };

export interface TailOptions {
  readonly members: readonly Member[];
  readonly connectTimeoutMs: number;
  /** A member's status may have changed. */
  readonly onChange: () => void;
}

export class Tail implements Disposable {
  readonly members: readonly Member[];
  readonly #options: TailOptions;
  readonly #closed = new AbortController();
  /** Asks that wait for a member to arrive. */
  readonly #waiting = new Set<() => void>();
  #route: Route | undefined;
  #moves = 0;
  #delays = backOff(...RETRY_MS);
  #again: NodeJS.Timeout | undefined;
  /** Retargets happen one after another, so that an older answer never replaces a newer one. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: TailOptions) {
    this.#options = options;
    this.members = options.members;
  }

  /** The route to keep current; borrowed. */
  serve(route: Route): void {
    this.#route = route;
  }

  /** Follows a member's place. Resolves when the place of before is no longer used. */
  async moved(member: Member, where: Where): Promise<void> {
    this.#moves += 1;
    await member.moved(where);
    if (where.state === 'here') for (const wake of this.#waiting) wake();
    // What was answered from the old place reaches the route before what comes now.
    await nextTurn();
    await this.refresh();
  }

  /** Gives the route what the tail resolves to now. */
  async refresh(): Promise<void> {
    const mine = this.#turn.then(() => this.#retarget());
    this.#turn = mine.catch(() => undefined);
    await mine;
    this.#options.onChange();
  }

  /** What the route asks when a connection waits. @throws {WormholeError} when no member can be reached */
  async ask(): Promise<Targets> {
    using deadline = new Deadline(this.#options.connectTimeoutMs, this.#closed.signal);
    const { signal } = deadline;
    try {
      for (;;) {
        if (!this.members.some(({ here }) => here)) await this.#arrival(signal);
        const moves = this.#moves;
        const targets = await this.#targets(signal).catch((error: unknown) => ({ error }));
        // An answer from a place that was left meanwhile is none.
        if (moves !== this.#moves && !signal.aborted) continue;
        if ('error' in targets) throw targets.error;
        return targets;
      }
    } finally {
      this.#options.onChange();
    }
  }

  /** Ends what waits; the route is somebody else's. */
  [Symbol.dispose](): void {
    clearTimeout(this.#again);
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'the wormhole is closed'));
  }

  async #targets(signal: AbortSignal): Promise<Targets> {
    const results = await Promise.allSettled(this.members.map((member) => member.targets(signal)));
    const found = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const missing = results.find((result) => result.status === 'rejected');
    if (found.length === 0 && missing !== undefined) throw missing.reason;
    const partial = missing === undefined ? Number.POSITIVE_INFINITY : PARTIAL_VALID_MS;
    return {
      targets: found.flatMap(({ targets }) => targets),
      validForMs: Math.min(partial, ...found.map(({ validForMs }) => validForMs)),
    };
  }

  /** Resolves when a member is here, when none will ever be, or when `signal` aborts. */
  async #arrival(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.members.every(({ status }) => status.state === 'gone')) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  async #retarget(): Promise<void> {
    const route = this.#route;
    if (route === undefined || this.#closed.signal.aborted) return;
    // Without members here, or without an answer, the next connection asks again.
    const targets = await this.#targets(this.#closed.signal).catch(() => NOBODY);
    if (this.#closed.signal.aborted) return;
    await route.retarget(targets);
    this.#lookAgain(targets === NOBODY && this.members.some(({ here }) => here));
  }

  /** Nobody may connect for long; the status should not be stale all that time. */
  #lookAgain(needed: boolean): void {
    clearTimeout(this.#again);
    if (!needed) {
      this.#delays = backOff(...RETRY_MS);
      return;
    }
    this.#again = setTimeout(() => void this.refresh().catch(() => undefined), this.#delays.next().value).unref();
  }
}
