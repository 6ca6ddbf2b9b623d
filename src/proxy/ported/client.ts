/**
 * A data plane in another thread, as its user holds it: the same contract, over a message port.
 */
import type { MessagePort } from 'node:worker_threads';
import { WormholeError } from '../../lib/errors.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { DataPlane, Route, RouteOptions, RouteStats, Targets } from '../route.ts';
import { wireOptions } from '../wire-options.ts';
import { toWire } from '../wire-targets.ts';
import type { FromPlane, ToPlane, WireAnswer } from './messages.ts';

/** A route that its plane's thread knows by a number. */
export interface PortedRoute extends Route {
  readonly number: number;
}

/** A request without its number. */
type Request = ToPlane extends infer M ? (M extends { seq: number } ? Omit<M, 'seq' | 'route'> : never) : never;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const NONE: RouteStats = {
  connectionsOpen: 0,
  connectionsWaiting: 0,
  connectionsTotal: 0,
  connectionsFailed: 0,
  bytesIn: 0,
  bytesOut: 0,
  dialP50Ms: null,
  dialP99Ms: null,
  datagramsIn: 0,
  datagramsOut: 0,
  datagramsDropped: 0,
  members: [],
};

/** The plane at the other end of `port`, which is taken. */
export function planeOver(port: MessagePort): DataPlane {
  return new PortedPlane(port);
}

class PortedPlane implements DataPlane {
  readonly #port: MessagePort;
  readonly #routes = new Map<number, Ported>();
  readonly #waiting = new Map<number, Waiting>();
  #lastSeq = 0;
  #lastRoute = 0;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: FromPlane) => this.#hear(message));
    port.on('close', () => this.#over());
    // Whoever waits for a route keeps the process alive by other means.
    port.unref();
  }

  open(options: RouteOptions): Promise<PortedRoute> {
    if (this.#closed) return Promise.reject(gone());
    const number = ++this.#lastRoute;
    const route = new Ported(number, options, {
      post: (message) => this.#post(message),
      request: (request) => this.#request(number, request),
      closed: () => this.#routes.delete(number),
    });
    this.#routes.set(number, route);
    this.#post({ type: 'open', route: number, options: wireOptions(options) });
    return Promise.resolve(route);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#routes.values()].map((route) => route.close(0)));
    this.#port.close();
  }

  #post(message: ToPlane): void {
    if (!this.#closed) this.#port.postMessage(message);
  }

  /** @throws {WormholeError} WH_ERR_ABORTED when the other thread has ended */
  #request(route: number, request: Request): Promise<void> {
    if (this.#closed) return Promise.reject(gone());
    const seq = ++this.#lastSeq;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject });
      this.#post({ ...request, seq, route });
    });
  }

  #hear(message: FromPlane): void {
    const route = this.#routes.get(message.route);
    if (message.type !== 'ack') {
      route?.hear(message);
      return;
    }
    if (message.stats !== undefined) route?.learn(message.stats);
    const waiting = this.#waiting.get(message.seq);
    this.#waiting.delete(message.seq);
    if (message.error === undefined) waiting?.resolve();
    else waiting?.reject(new WormholeError('WH_ERR_INTERNAL', message.error));
  }

  #over(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
    for (const route of this.#routes.values()) route.over();
  }
}

interface Line {
  readonly post: (message: ToPlane) => void;
  readonly request: (request: Request) => Promise<void>;
  readonly closed: () => void;
}

class Ported implements PortedRoute {
  readonly number: number;
  readonly #options: RouteOptions;
  readonly #line: Line;
  readonly #questions = new Map<number, AbortController>();
  #stats = NONE;
  #closing: Promise<void> | undefined;

  constructor(number: number, options: RouteOptions, line: Line) {
    this.number = number;
    this.#options = options;
    this.#line = line;
  }

  listen(socket: OwnedFd): Promise<void> {
    return this.#line.request({ type: 'listen', fd: socket.release() });
  }

  async unlisten(): Promise<void> {
    if (this.#closing === undefined) await this.#line.request({ type: 'unlisten' });
  }

  retarget(targets: Targets): Promise<void> {
    return this.#line.request({ type: 'retarget', targets: wireAnswer(targets) });
  }

  stats(): RouteStats {
    return this.#stats;
  }

  async close(drainMs: number): Promise<void> {
    const asked = this.#line.request({ type: 'close', drainMs }).catch(() => undefined);
    this.#closing ??= asked.then(() => this.over());
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  learn(stats: RouteStats): void {
    this.#stats = stats;
  }

  /** Nothing is left of it, here or there. */
  over(): void {
    for (const question of this.#questions.values()) question.abort(gone());
    this.#questions.clear();
    this.#line.closed();
  }

  hear(message: Exclude<FromPlane, { type: 'ack' }>): void {
    switch (message.type) {
      case 'ask':
        return void this.#answer(message.question);
      case 'unask':
        return this.#questions.get(message.question)?.abort(gone());
      case 'served':
        return this.#options.onServed?.(message.trace);
      case 'closed':
        for (const record of message.records) this.#options.onClosed?.(record);
        return;
      case 'stats':
        this.#stats = message.stats;
    }
  }

  async #answer(question: number): Promise<void> {
    const route = this.number;
    const asked = new AbortController();
    this.#questions.set(question, asked);
    try {
      const targets = await this.#options.ask?.(asked.signal);
      if (targets === undefined) throw gone();
      if (asked.signal.aborted) targets.connected?.socket[Symbol.dispose]();
      else this.#line.post({ type: 'answer', route, question, targets: wireAnswer(targets) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!asked.signal.aborted) this.#line.post({ type: 'refuse', route, question, reason });
    } finally {
      this.#questions.delete(question);
    }
  }
}

function wireAnswer({ targets, validForMs, connected }: Targets): WireAnswer {
  const wire = toWire(targets);
  if (connected === undefined) return { targets: wire, validForMs };
  return { targets: wire, validForMs, connected: { member: connected.member, fd: connected.socket.release() } };
}

function gone(): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'the data plane has ended');
}
