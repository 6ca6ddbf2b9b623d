/** Options of a route in a test: no limits and no waits, but for the one that a test is about. */
import type { RouteOptions } from '../../src/proxy/route.ts';

export const plainRoute: RouteOptions = {
  id: 'test',
  kind: 'stream',
  balance: 'rr',
  connectTimeoutMs: 20_000,
  connIdleMs: 0,
  halfOpenLingerMs: 0,
  flowIdleMs: 0,
  maxConns: 100,
};
