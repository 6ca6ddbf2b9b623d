/**
 * Opens the namespaces of a process, a name or a container, and makes sure that they are the ones that were meant.
 *
 * Between asking for a pid and opening `/proc/PID` the process may end and its pid be given to another. So the
 * descriptors are opened first and believed afterwards: the process must have the same start time before and after,
 * and for a container also carry its id in the name of its control group, which a process of another
 * container, or a local namesake of a remote engine's pid, does not.
 */
import { constants, openSync, statfsSync } from 'node:fs';
import type { Container } from '../../docker/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import { O_PATH } from '../../sys/constants.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { NetNamespace } from '../../sys/netns.ts';
import { makePlace, type Place } from './place.ts';
import type { Processes } from './process.ts';

/** File system type of namespaces, linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;

/** The daemon's own namespace. */
export function hostPlace(): Place {
  return makePlace({ label: 'host', namespaceId: ownId() });
}

/** @throws {WormholeError} WH_ERR_NAMESPACE */
export function namedPlace(name: string): Place {
  if (name.includes('/') || /^\.*$/.test(name)) throw unusable(`${JSON.stringify(name)} is no name of a namespace`);
  let namespace: NetNamespace;
  try {
    namespace = NetNamespace.named(name);
  } catch (cause) {
    throw unusable(`namespace ${name} cannot be opened (${codeOf(cause)}); ip netns list shows what there is`, cause);
  }
  // A file under /run/netns that nothing is mounted on: left over when `ip netns add` or the machine was interrupted.
  if (statfsSync(`/proc/self/fd/${namespace.fd}`).type !== NSFS_MAGIC) {
    namespace[Symbol.dispose]();
    throw unusable(`/run/netns/${name} is a plain file, not a namespace; ip netns delete ${name} removes it`);
  }
  try {
    namespace.enter(() => undefined);
  } catch (cause) {
    namespace[Symbol.dispose]();
    throw unusable(`namespace ${name} cannot be entered (${codeOf(cause)}); wormholed must run as root`, cause);
  }
  return makePlace({ label: name, namespace, namespaceId: namespace.id });
}

/** @throws {WormholeError} WH_ERR_NAMESPACE */
export function pidPlace(pid: number, processes: Processes): Place {
  const place = openProcess(pid, `pid:${pid}`, processes);
  if (place !== undefined) return place;
  throw unusable(`process ${pid} does not exist (any more)`);
}

/** @returns undefined when its process is not (any more) the one of this container */
export function containerPlace(container: Container, processes: Processes): Place | undefined {
  if (!processes.belongsTo(container.pid, container.id)) return undefined;
  return openProcess(container.pid, container.name, processes, container);
}

/** @returns undefined when there is no such process, or it ended meanwhile */
function openProcess(pid: number, label: string, processes: Processes, container?: Container): Place | undefined {
  const started = processes.startTime(pid);
  if (started === undefined) return undefined;
  let namespace: NetNamespace | undefined;
  let root: OwnedFd | undefined;
  try {
    namespace = NetNamespace.ofPid(pid);
    root = new OwnedFd(openSync(`/proc/${pid}/root`, O_PATH | constants.O_DIRECTORY));
  } catch (cause) {
    namespace?.[Symbol.dispose]();
    if (processes.startTime(pid) !== started) return undefined;
    throw unusable(
      `the namespace of process ${pid} cannot be opened (${codeOf(cause)}); wormholed must run as root`,
      cause,
    );
  }
  const { id } = namespace;
  const hostNetwork = id === ownId();
  const own = container === undefined ? {} : { container };
  const place = makePlace({ label, namespace, namespaceId: id, root, pid, startTime: started, hostNetwork, ...own });
  if (processes.startTime(pid) === started) return place;
  place[Symbol.dispose]();
  return undefined;
}

function ownId(): string {
  using own = NetNamespace.current();
  return own.id;
}

function unusable(message: string, cause?: unknown): WormholeError {
  return new WormholeError('WH_ERR_NAMESPACE', message, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
