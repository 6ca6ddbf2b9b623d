/**
 * A place: where an endpoint is now, held open so that it cannot become another one.
 *
 * Names, ids and pids move and are reused; the descriptors in a place do not. Whoever resolved a place owns it and
 * disposes it once; sockets made in its namespace outlive it.
 */
import type { Container } from '../../docker/engine.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { NetNamespace } from '../../sys/netns.ts';

export interface Place extends Disposable {
  /** As in `NS@` of a url, for logs and tables: `host`, `blue`, `pid:42`, or the container's name. */
  readonly label: string;
  /** Where its sockets are made; undefined = the daemon's own. Owned by the place. */
  readonly namespace: NetNamespace | undefined;
  /** Kernel identity, e.g. `net:[4026531833]`, given for the daemon's own too: equal strings are the same namespace. */
  readonly namespaceId: string;
  /** O_PATH descriptor of `/proc/PID/root`, for containers and pids. Owned by the place. */
  readonly root: OwnedFd | undefined;
  /** Its first process; 0 for the host and for `ip netns` names. */
  readonly pid: number;
  /** Start time of that process, see `process.ts`. */
  readonly startTime: string | undefined;
  /** True when a container or process shares the daemon's own namespace. */
  readonly hostNetwork: boolean;
  /** Snapshot taken when it was resolved; containers only. */
  readonly container: Container | undefined;
}

/** What {@link makePlace} takes over; `namespace` and `root` change their owner. */
export interface PlaceParts {
  readonly label: string;
  readonly namespace?: NetNamespace;
  readonly namespaceId: string;
  readonly root?: OwnedFd;
  readonly pid?: number;
  readonly startTime?: string;
  readonly hostNetwork?: boolean;
  readonly container?: Container;
}

export function makePlace(parts: PlaceParts): Place {
  let { namespace } = parts;
  const { root, container } = parts;
  return {
    label: parts.label,
    namespace,
    namespaceId: parts.namespaceId,
    root,
    pid: parts.pid ?? 0,
    startTime: parts.startTime,
    hostNetwork: parts.hostNetwork ?? false,
    container,
    [Symbol.dispose]() {
      // Once: a namespace closed twice would close whatever has its number by then.
      namespace?.[Symbol.dispose]();
      namespace = undefined;
      root?.[Symbol.dispose]();
    },
  };
}
