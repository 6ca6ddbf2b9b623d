/** The operations of the control API, on the parts of a running daemon. */
import type { Engine } from '../docker/engine.ts';
import { Deadline } from '../lib/deadline.ts';
import type { PingAnswer } from '../spec/api.ts';
import type { Operations } from './api/operations.ts';
import type { Circumstances } from './doctor/check.ts';
import { examine } from './doctor/examine.ts';
import { type Events, eventStream } from './events.ts';
import type { InvitationOperations } from './invited/operate-invitations.ts';
import type { LogRing } from './log-ring.ts';
import { logStream } from './log-stream.ts';
import type { PeerOperations } from './peers/operate-peers.ts';
import type { Registry } from './registry/registry.ts';
import { eventOf } from './registry/telling.ts';
import type { TunnelOperations } from './tunnels/operate-tunnels.ts';
import { toStats } from './wormhole/stats.ts';

/** Milliseconds that other hosts have to tell of their part of a wormhole. */
const INSPECT_MS = 3_000;

export interface OperateOptions {
  readonly version: string;
  /** Random id of this process. */
  readonly instance: string;
  readonly registry: Registry;
  readonly peers: PeerOperations;
  readonly tunnels: TunnelOperations;
  readonly invitations: InvitationOperations;
  readonly events: Events;
  readonly engine: Engine;
  readonly ring: LogRing;
  readonly relayWorkers: () => number;
  readonly circumstances: () => Circumstances;
  /** Aborts when the daemon stops: streams end then. */
  readonly stopping: AbortSignal;
}

export function operationsOf(options: OperateOptions): Operations {
  const { version, instance, registry, events, engine, ring, stopping, peers } = options;
  const started = performance.now();
  return {
    ...peers,
    ...options.tunnels,
    ...options.invitations,
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
      if (host === undefined) return answer;
      return await peers.pingPeer(host, payload, caller);
    },
    list: () => ({ wormholes: registry.list().map((entry) => entry.describe()) }),
    create: async ({ words }, { origin, signal }) => {
      const owner = origin.kind === 'peer' ? { owner: origin.identity } : {};
      return (await registry.create(words, signal, owner)).describe();
    },
    inspect: async (id, { signal }) => {
      const entry = registry.get(id);
      using limit = new Deadline(INSPECT_MS, signal);
      const segments = await entry.segmentsEverywhere(limit.signal);
      return { wormhole: entry.describe(), segments, plan: entry.plan };
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
