/** Options of a route in a test: limits off or generous, but for the one that a test is about. */
import type { RouteOptions } from '../../src/proxy/route.ts';

export const plainRoute: RouteOptions = {
  id: 'test',
  kind: 'stream',
  balance: 'rr',
  connectTimeoutMs: 20_000,
  connIdleMs: 0,
  halfOpenLingerMs: 0,
  flowIdleMs: 60_000,
  maxConns: 4096,
};
