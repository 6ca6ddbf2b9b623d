/**
 * A data plane in another thread, as its user holds it: the same contract, over a message port.
 */
import type { MessagePort } from 'node:worker_threads';
import { WormholeError } from '../../lib/errors.ts';
import type { DataPlane, RouteOptions } from '../route.ts';
import type { FromPlane, ToPlane } from './messages.ts';
import { type PortedRoute, planeGone, RemoteRoute, type Request } from './remote-route.ts';

export type { PortedRoute } from './remote-route.ts';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A plane whose routes have numbers. */
export interface PortedDataPlane extends DataPlane {
  open(options: RouteOptions): Promise<PortedRoute>;
}

/** The plane at the other end of `port`, which is taken. When the other end is gone, what waits for it is rejected. */
export function planeOver(port: MessagePort): PortedDataPlane {
  return new PortedPlane(port);
}

class PortedPlane implements PortedDataPlane {
  readonly #port: MessagePort;
  readonly #routes = new Map<number, RemoteRoute>();
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

  async open(options: RouteOptions): Promise<PortedRoute> {
    if (this.#closed) throw planeGone();
    const number = ++this.#lastRoute;
    const route = new RemoteRoute(number, options, {
      post: (message) => this.#post(message()),
      request: (request) => this.#request(number, request),
      closed: () => this.#routes.delete(number),
    });
    this.#routes.set(number, route);
    this.#post(route.opening);
    return route;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#routes.values()].map((route) => route.close(0)));
    this.#port.close();
  }

  #post(message: ToPlane): void {
    this.#port.postMessage(message);
  }

  /** @throws {WormholeError} WH_ERR_ABORTED when the other thread has ended; then nothing was given away */
  async #request(route: number, request: () => Request): Promise<void> {
    if (this.#closed) throw planeGone();
    const seq = ++this.#lastSeq;
    const message = { ...request(), seq, route };
    await new Promise<void>((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject });
      this.#post(message);
    });
  }

  #hear(message: FromPlane): void {
    if (message.type !== 'ack') {
      this.#routes.get(message.route)?.hear(message);
      return;
    }
    const waiting = this.#waiting.get(message.seq);
    this.#waiting.delete(message.seq);
    if (message.error === undefined) waiting?.resolve();
    else waiting?.reject(new WormholeError(message.error.code, message.error.message));
  }

  #over(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(planeGone());
    this.#waiting.clear();
    for (const route of this.#routes.values()) route.over();
  }
}
