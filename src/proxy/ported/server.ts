/**
 * A portable data plane at the end of a message port, in a thread of its own.
 *
 * Owns the routes that were opened over the port, and ends them when the other end is gone.
 */
import type { MessagePort } from 'node:worker_threads';
import type { PortableDataPlane } from '../portable/plane.ts';
import type { PortableRoute } from '../portable/portable-route.ts';
import type { FromPlane, ToPlane } from './messages.ts';
import { giveUp, ServedRoute } from './served-route.ts';

/** Milliseconds between two reports of what has changed. */
const REPORT_MS = 50;

export interface ServedPlane {
  /** @returns the route of that number, for clients that come otherwise than through a listener */
  route(number: number): PortableRoute | undefined;
  /** Ends all routes, and the port. Again is a no-op. */
  close(): Promise<void>;
}

/** Serves `plane`, which is owned from now on, at `port`. */
export function servePlane(plane: PortableDataPlane, port: MessagePort): ServedPlane {
  const routes = new Map<number, ServedRoute>();
  const post = (message: FromPlane): void => port.postMessage(message);
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  const report = (): void => {
    for (const route of routes.values()) route.report();
  };
  const open = (message: Extract<ToPlane, { type: 'open' }>): void => {
    routes.set(message.route, new ServedRoute(message, plane, post));
    timer ??= setInterval(report, REPORT_MS).unref();
  };
  const forget = (number: number): void => {
    routes.delete(number);
    if (routes.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const end = async (): Promise<void> => {
    await plane[Symbol.asyncDispose]();
    clearInterval(timer);
    port.close();
  };
  const close = (): Promise<void> => (closing ??= end());

  port.on('message', (message: ToPlane) => {
    if (message.type === 'open') {
      open(message);
      return;
    }
    const route = routes.get(message.route);
    if (route !== undefined) {
      void route.obey(message).then((over) => over && forget(message.route));
      return;
    }
    // An abort can cross the end of a drain, an answer the end of the route that asked.
    giveUp(message);
    if ('seq' in message) post({ type: 'ack', seq: message.seq, route: message.route });
  });
  port.on('close', () => void close());
  return { route: (number) => routes.get(number)?.route, close };
}
