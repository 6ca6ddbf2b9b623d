/**
 * The head of a segment that runs here for a peer: nothing listens, connections come on the peer's link.
 */
import type { Route } from '../../proxy/route.ts';
import { UP } from '../status.ts';

export class Arrival implements AsyncDisposable {
  readonly status = UP;
  readonly failure = undefined;
  readonly port = 0;
  readonly spot = undefined;
  #open: Disposable | undefined;

  /** @param arrive lets connections in, until disposed */
  constructor(route: Route, arrive: (route: Route) => Disposable) {
    this.#open = arrive(route);
  }

  abandon(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#open?.[Symbol.dispose]();
    this.#open = undefined;
    return Promise.resolve();
  }
}
