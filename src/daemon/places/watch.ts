/** When to look again: a container's events, resyncs that do not find it as it was, a slow timer for what sends none, never for the host. */
import type { ContainerChange } from '../../docker/engine.ts';
import type { NamespaceRef } from '../../spec/plan.ts';
import { unmoved } from './listed.ts';
import { type Processes, procfs } from './process.ts';
import type { Identity } from './sight.ts';
import type { FollowSources, Where } from './where.ts';

/** Who is woken, and what it knows so far. */
export interface Follower {
  readonly where: Where | undefined;
  readonly identity: Identity | undefined;
  wake(): void;
}

const defaultLookMs = 2000;

export function watchFor(ref: NamespaceRef, sources: FollowSources, follower: Follower): Disposable {
  switch (ref.kind) {
    case 'container':
      return sources.engine.watch((change) => {
        if (concerns(change, follower, sources.processes ?? procfs)) follower.wake();
      });
    case 'netns':
    case 'pid': {
      const timer = setInterval(() => follower.wake(), sources.lookMs ?? defaultLookMs);
      return { [Symbol.dispose]: () => clearInterval(timer) };
    }
    case 'host':
    case 'run':
      break;
  }
  return { [Symbol.dispose]: () => undefined };
}

/** False only for a change that cannot have moved it. */
function concerns(change: ContainerChange, { where, identity }: Follower, processes: Processes): boolean {
  if (change.id === '') return change.all === undefined || !unmoved(change.all, where, identity, processes);
  if (identity === undefined) return true;
  // A health check says nothing about where a container is.
  if (change.action.startsWith('health_status')) return false;
  if (identity.by === 'id') return change.id === identity.id;
  // The second: it may have been renamed away, and the event bears the new name.
  return change.name === identity.name || (where?.state === 'here' && where.place.container?.id === change.id);
}
