/** A plan's settings as the route takes them, and the log line of each connection. */
import { isIP } from 'node:net';
import type { ConnectionRecord, RouteOptions } from '../../proxy/route.ts';
import type { SegmentPlan, TargetPlan } from '../../spec/plan.ts';
import type { Activation } from '../activator/activation.ts';
import type { Logger } from '../log.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Member } from './member.ts';
import { connectOptions } from './named-destination.ts';
import type { Tail } from './tail.ts';

/** Milliseconds a half-closed connection may be silent. */
const HALF_OPEN_LINGER_MS = 60_000;
/** Milliseconds after which a silent UDP flow ends, unless `conn-idle` says. */
const FLOW_IDLE_MS = 60_000;

/** What a route asks, and tells. */
interface Behind {
  readonly tail: Tail;
  readonly activation: Activation | undefined;
  /** Where connections end on this machine. */
  readonly members: readonly Member[];
}

export function routeOptions(
  id: string,
  { head, tail: plan, link }: SegmentPlan,
  { tail, activation, members }: Behind,
  log: Logger,
  defaults: Surroundings['maxConns'],
): RouteOptions {
  const connect = connectOptions(plan, tail, members);
  const kind = head.protocol === 'udp' ? 'datagram' : 'stream';
  return {
    id,
    kind,
    balance: plan.balance,
    connectTimeoutMs: plan.connectTimeoutMs,
    connIdleMs: head.connIdleMs,
    halfOpenLingerMs: HALF_OPEN_LINGER_MS,
    flowIdleMs: flowIdleMs(head),
    maxConns: head.maxConns ?? defaults[kind],
    ...(plan.proxyProtocol !== undefined && { proxyProtocol: plan.proxyProtocol }),
    ...connect,
    // Addresses on this machine that need no lookup can neither move nor be absent.
    ...((activation !== undefined || link?.peer !== undefined || plan.targets.some(canChange)) && {
      ask: (waiting) => tail.ask(waiting),
    }),
    ...(activation !== undefined && { onServed: (served) => activation.served(served) }),
    // Below that level nobody would see the records, so the workers need not make them.
    ...(log.isLevelEnabled('info') && { onClosed: (record: ConnectionRecord) => logClosed(log, record) }),
  };
}

/** What a peer leads here ends when its head, which has the setting, ends it, or with the link. */
function flowIdleMs({ arrival, connIdleMs }: SegmentPlan['head']): number {
  if (arrival === 'carrier') return 0;
  return connIdleMs > 0 ? connIdleMs : FLOW_IDLE_MS;
}

function canChange({ namespace, protocol, host }: TargetPlan): boolean {
  return namespace.kind !== 'host' || (protocol !== 'unix' && isIP(host.split('%')[0] ?? '') === 0);
}

function logClosed(log: Logger, record: ConnectionRecord): void {
  const { client, upstream, reason, detail, durationMs, dialMs, bytesIn, bytesOut } = record;
  const facts = {
    ...(client !== '' && { client }),
    ...(upstream !== '' && { upstream }),
    reason,
    ...(detail !== '' && { detail }),
    ms: Math.round(durationMs),
    ...(dialMs >= 0 && { dialMs: Math.round(dialMs * 1000) / 1000 }),
    bytesIn,
    bytesOut,
  };
  // What clients and targets do is no fault of ours.
  if (reason === 'local-error') log.warn(facts, 'connection closed');
  else log.info(facts, 'connection closed');
}
