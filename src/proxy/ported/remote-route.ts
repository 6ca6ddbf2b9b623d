/**
 * A route of a data plane in another thread, as its user holds it.
 *
 * Its counters lie in shared memory, where the other thread writes: to read them needs no message.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import { Counters, MEMBERS_MAX, sumCounters } from '../counters.ts';
import type { NamedTargets, Route, RouteOptions, RouteStats, Targets } from '../route.ts';
import { wireOptions } from '../wire-options.ts';
import { toWire } from '../wire-targets.ts';
import { type FromPlane, type NamedQuestion, type ToPlane, type WireAnswer, wireError } from './messages.ts';

/** A route that its plane's thread knows by a number. */
export interface PortedRoute extends Route {
  readonly number: number;
}

/** A request without its number. */
export type Request = ToPlane extends infer M ? (M extends { seq: number } ? Omit<M, 'seq' | 'route'> : never) : never;

/** The line to the other thread. Messages are made when they are sent: then their descriptors are given away. */
export interface Line {
  readonly post: (message: () => ToPlane) => void;
  readonly request: (request: () => Request) => Promise<void>;
  /** Nothing is left of the route. */
  readonly closed: () => void;
}

/** See the module header. */
export class RemoteRoute implements PortedRoute {
  readonly number: number;
  readonly #options: RouteOptions;
  readonly #line: Line;
  readonly #counters = new Counters();
  readonly #questions = new Map<number, AbortController>();
  #members = 0;
  #over = false;
  #closing: Promise<void> | undefined;

  constructor(number: number, options: RouteOptions, line: Line) {
    this.number = number;
    this.#options = options;
    this.#line = line;
  }

  /** The message that makes it. */
  get opening(): ToPlane {
    return {
      type: 'open',
      route: this.number,
      options: wireOptions(this.#options),
      counters: this.#counters.shared,
    };
  }

  async listen(socket: OwnedFd): Promise<void> {
    try {
      await this.#line.request(() => ({ type: 'listen', fd: socket.release() }));
    } finally {
      socket[Symbol.dispose]();
    }
  }

  async unlisten(): Promise<void> {
    if (this.#closing === undefined) await this.#line.request(() => ({ type: 'unlisten' }));
  }

  async retarget(targets: Targets): Promise<void> {
    try {
      await this.#line.request(() => ({ type: 'retarget', targets: this.#wire(targets) }));
    } finally {
      targets.connected?.socket[Symbol.dispose]();
    }
  }

  stats(): RouteStats {
    return sumCounters([this.#counters], this.#members);
  }

  /** Safe to call again, e.g. with 0 to end a drain early. */
  async close(drainMs: number): Promise<void> {
    // Rejected only when the other thread has ended, and the route with it.
    const asked = this.#line.request(() => ({ type: 'close', drainMs })).catch(() => undefined);
    this.#closing ??= asked.then(() => this.over());
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  /** Nothing is left of it, here or there. */
  over(): void {
    this.#over = true;
    for (const question of this.#questions.values()) question.abort(planeGone());
    this.#line.closed();
  }

  hear(message: Exclude<FromPlane, { type: 'ack' }>): void {
    switch (message.type) {
      case 'ask':
        void this.#answer(message.question, message.named);
        break;
      case 'unask':
        this.#questions.get(message.question)?.abort(new WormholeError('WH_ERR_ABORTED', 'nobody waits any more'));
        break;
      case 'served':
        this.#options.onServed?.(message.trace);
        break;
      case 'closed':
        for (const record of message.records) this.#options.onClosed?.(record);
        break;
      default:
        message satisfies never;
    }
  }

  /** Settles a question as it turns out, also when nobody waits any more: the next one is put only then. */
  async #answer(question: number, named: NamedQuestion | undefined): Promise<void> {
    const route = this.number;
    const asked = new AbortController();
    this.#questions.set(question, asked);
    let targets: NamedTargets | undefined;
    try {
      targets = await this.#ask(named, asked.signal);
      const answer = targets;
      if (answer === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'the route cannot be asked');
      if (!this.#over) this.#line.post(() => ({ type: 'answer', route, question, targets: this.#wire(answer, named) }));
    } catch (error) {
      if (!this.#over) this.#line.post(() => ({ type: 'refuse', route, question, error: wireError(error) }));
    } finally {
      this.#questions.delete(question);
      targets?.connected?.socket[Symbol.dispose]();
      targets?.done?.();
    }
  }

  async #ask(named: NamedQuestion | undefined, signal: AbortSignal): Promise<NamedTargets | undefined> {
    const { ask, askDestination } = this.#options;
    return named === undefined ? await ask?.(signal) : await askDestination?.(named.destination, named.client, signal);
  }

  /** @throws {WormholeError} WH_ERR_LIMIT; then nothing was given away */
  #wire({ targets, validForMs, connected }: Targets, named?: NamedQuestion): WireAnswer {
    for (const { member } of named === undefined ? targets : []) {
      if (member >= MEMBERS_MAX) throw new WormholeError('WH_ERR_LIMIT', `a pool has at most ${MEMBERS_MAX} members`);
      this.#members = Math.max(this.#members, member + 1);
    }
    const wire = toWire(targets);
    if (connected === undefined) return { targets: wire, validForMs };
    return { targets: wire, validForMs, connected: { member: connected.member, fd: connected.socket.release() } };
  }
}

export function planeGone(): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'the data plane has ended');
}
