/** The real surroundings of wormholes: this machine's namespaces, containers, names and sockets. */
import type { Engine } from '../docker/engine.ts';
import type { Runner } from '../docker/runner.ts';
import { openIpListener } from '../proxy/head/listener.ts';
import { openUnixListener } from '../proxy/head/unix-listener.ts';
import type { DataPlane } from '../proxy/route.ts';
import { Turns } from './activator/turns.ts';
import { Uses } from './activator/uses.ts';
import type { Logger } from './log.ts';
import { resolveInPlace } from './names/resolve.ts';
import { Following } from './places/follow.ts';
import type { Place } from './places/place.ts';
import type { Policies } from './policy/policies.ts';
import type { HostId } from './state/host-id.ts';
import type { Abroad, HeadAddress, HeadSocket, Surroundings } from './surroundings.ts';
import { Courses } from './wormhole/courses.ts';
import { ownerNumbers } from './wormhole/owner.ts';

/** Descriptors that are not for connections: listeners, namespaces, the API, Docker. */
const RESERVED_FDS = 512;
/** A connection has two sockets; pipes are held only while bytes are in flight. */
const FDS_PER_CONNECTION = 2;
/** Flows of a UDP head, the least recently used makes room for a new one. */
const UDP_FLOWS = 4096;

export interface MachineOptions {
  readonly plane: DataPlane;
  readonly abroad: Abroad;
  readonly engine: Engine & Runner;
  readonly hostId: HostId;
  readonly policies: Policies;
  readonly log: Logger;
  /** Soft limit of open files. */
  readonly nofile: number;
}

export function machine({ plane, abroad, engine, hostId, policies, log, nofile }: MachineOptions): Surroundings {
  return {
    plane,
    abroad,
    log,
    hostId: () => hostId.id,
    engine,
    runner: engine,
    uses: new Uses(),
    turns: new Turns(),
    courses: new Courses(),
    policies,
    untilReady: async (probe, target, signal) => {
      const { untilReady } = await import('./activator/ready/ready.ts');
      return await untilReady(probe, target, engine, signal);
    },
    maxConns: { stream: defaultMaxConns(nofile), datagram: Math.min(UDP_FLOWS, defaultMaxConns(nofile)) },
    follow: (ref, onMove, identity) => Following.start(ref, onMove, { engine, log }, identity),
    resolve: resolveInPlace,
    listen: openHead,
  };
}

/** Connections that fit into the limit of open files. */
export function defaultMaxConns(nofile: number): number {
  const forConnections = Math.max(nofile - RESERVED_FDS, nofile / 2);
  return Math.max(1, Math.min(1_000_000, Math.floor(forConnections / FDS_PER_CONNECTION)));
}

function openHead(address: HeadAddress, { namespace, root }: Place): HeadSocket {
  if (address.protocol === 'unix') {
    const { path, mode, owner } = address;
    const listener = openUnixListener({
      path,
      ...(root !== undefined && { root: { fd: root.fd } }),
      ...(mode !== undefined && { mode }),
      ...(owner !== undefined && { owner: ownerNumbers(owner, root) }),
    });
    return { socket: listener.socket, port: 0, [Symbol.dispose]: () => listener[Symbol.dispose]() };
  }
  const { socket, port } = openIpListener({ ...address, ...(namespace !== undefined && { namespace }) });
  return { socket, port, [Symbol.dispose]: () => socket[Symbol.dispose]() };
}
