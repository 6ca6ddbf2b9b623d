/** The operations of the control API, on the parts of a running daemon. */

import type { Engine } from '../docker/engine.ts';
import { WormholeError } from '../lib/errors.ts';
import type { PingAnswer, PingRequest } from '../spec/api.ts';
import type { Caller, Operations } from './api/operations.ts';
import type { Circumstances } from './doctor/check.ts';
import { examine } from './doctor/examine.ts';
import { type Events, eventStream } from './events.ts';
import type { LogRing } from './log-ring.ts';
import { logStream } from './log-stream.ts';
import type { Registry } from './registry/registry.ts';
import { eventOf } from './registry/telling.ts';
import { toStats } from './wormhole/stats.ts';

/** Milliseconds that a peer may take to answer a ping. */
const PEER_PING_MS = 10_000;

export interface OperateOptions {
  readonly version: string;
  /** Random id of this process. */
  readonly instance: string;
  readonly registry: Registry;
  readonly events: Events;
  readonly engine: Engine;
  readonly ring: LogRing;
  readonly relayWorkers: () => number;
  readonly circumstances: () => Circumstances;
  /** Key for peers. */
  readonly keyFile: string;
  /** Aborts when the daemon stops: streams end then. */
  readonly stopping: AbortSignal;
}

export function operationsOf(options: OperateOptions): Operations {
  const { version, instance, registry, events, engine, ring, stopping } = options;
  const started = performance.now();
  return {
    health: () => ({
      version,
      instance,
      pid: process.pid,
      uptimeMs: performance.now() - started,
      wormholes: registry.list().length,
      relayWorkers: options.relayWorkers(),
      rssBytes: process.memoryUsage.rss(),
    }),
    ping: async ({ payload, host }, caller) => {
      const answer: PingAnswer = { payload, version, instance, timeMs: Date.now() };
      return host === undefined ? answer : await pingPeer(payload, host, options.keyFile, caller);
    },
    list: () => ({ wormholes: registry.list().map((entry) => entry.describe()) }),
    create: async ({ words }, { signal }) => (await registry.create(words, signal)).describe(),
    inspect: (id) => {
      const entry = registry.get(id);
      return { wormhole: entry.describe(), segments: entry.segments(), plan: entry.plan };
    },
    remove: async (id, { now }) => (await registry.remove(id, now === 'true')).describe(),
    wormholeStats: (id) => registry.get(id).stats(),
    stats: () => toStats(registry.totals(), []),
    logs: ({ id, follow }, { signal }) => logStream(ring, id, follow === 'true', signal, stopping),
    events: ({ id }, { signal }) => eventStream(events, registry.list().map(eventOf), id, signal, stopping),
    doctor: async ({ signal }) => ({ checks: await examine(options.circumstances(), signal) }),
    containers: async ({ signal }) => {
      const containers = await engine.list(signal);
      return { containers: containers.map(({ id, name, running }) => ({ id, name, running })) };
    },
  };
}

/** Asks `host` as a client would; the peer's own answer comes back, with the time it took. */
async function pingPeer(
  payload: PingRequest['payload'],
  address: string,
  keyFile: string,
  { origin, signal }: Caller,
): Promise<PingAnswer> {
  if (origin.kind === 'peer' && address.startsWith('unix:')) {
    throw new WormholeError('WH_ERR_REQUEST_REFUSED', 'a peer cannot have a unix socket pinged');
  }
  const { connect } = await import('../client/connect.ts');
  await using client = await connect({ address, keyFile, timeoutMs: PEER_PING_MS });
  const started = performance.now();
  const { rttMs: _rtt, connectMs: _connect, ...answer } = await client.ping({ payload, signal });
  return { ...answer, peerRttMs: performance.now() - started };
}
