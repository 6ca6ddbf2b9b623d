/** Options of a route as they cross to the thread that serves it. */
import type { WireRouteOptions } from './messages.ts';
import type { RouteOptions } from './route.ts';

export function wireOptions(options: RouteOptions): WireRouteOptions {
  const {
    kind,
    balance,
    connectTimeoutMs,
    connIdleMs,
    halfOpenLingerMs,
    flowIdleMs,
    maxConns,
    proxyProtocol,
    connect,
  } = options;
  return {
    kind,
    balance,
    connectTimeoutMs,
    connIdleMs,
    halfOpenLingerMs,
    flowIdleMs,
    maxConns,
    ...(proxyProtocol !== undefined && { proxyProtocol }),
    ...(connect !== undefined && { connect }),
    asks: options.ask !== undefined,
    records: options.onClosed !== undefined,
    traces: options.onServed !== undefined,
  };
}
