/** A member of a tail's pool as the tail deals with it. */
import type { UpstreamTarget } from '../../proxy/route.ts';
import type { Where } from '../places/where.ts';
import type { Status } from '../status.ts';

/** Addresses of one member, as the route takes them. */
export interface MemberTargets {
  readonly targets: readonly UpstreamTarget[];
  readonly validForMs: number;
}

export interface PoolMember {
  /** Position in the pool. */
  readonly index: number;
  readonly label: string;
  readonly status: Status;
  /** Why it is not up; undefined when it is. */
  readonly failure: unknown;
  /** It can be asked for its targets. */
  readonly here: boolean;
  /** Undefined before the first look, and of one that is in no place of this machine. */
  readonly where: Where | undefined;
  /** @throws {WormholeError} when it cannot be reached now */
  targets(signal: AbortSignal): Promise<MemberTargets>;
}
