/** Whether something works, and why not: of a head, of a pool member, of a whole wormhole. */
import { WormholeError } from '../lib/errors.ts';
import type { WormholeState } from '../spec/api.ts';
import type { Where } from './places/where.ts';

export interface Status {
  readonly state: Exclude<WormholeState, 'draining'>;
  /** '' when up. */
  readonly reason: string;
}

export const UP: Status = { state: 'up', reason: '' };

/** Before the first look. */
export const UNKNOWN: Status = { state: 'waiting', reason: 'not looked for yet' };

export const failed = (error: unknown): Status => ({ state: 'failed', reason: reasonOf(error) });

/** Status of an endpoint that is not here. */
export function away(where: Exclude<Where, { state: 'here' }>): Status {
  return { state: where.state === 'gone' ? 'gone' : 'waiting', reason: where.reason };
}

/** What the status of a segment is made of. */
export interface Statuses {
  readonly head: Status;
  readonly members: readonly Status[];
  /** Undefined when there is no activator, or it has nothing to say. */
  readonly activation: Status | undefined;
  /** Of the segment that hangs on it, once it was made. */
  readonly child: Status | undefined;
}

/** A head must listen; of a pool, one member is enough; what an activator will start need not be there yet. */
export function overall({ head, members, activation, child }: Statuses): Status {
  if (head.state !== 'up') return head;
  if (activation !== undefined) return activation;
  if (child?.state === 'failed') return { state: 'failed', reason: `child: ${child.reason}` };
  if (members.length === 0 || members.some(({ state }) => state === 'up')) return UP;
  return members.find(({ state }) => state !== 'gone') ?? members[0] ?? UP;
}

/** What to tell people; the text of an unknown error stays in the log. */
export function reasonOf(error: unknown): string {
  return WormholeError.is(error) ? error.message : 'internal error; the daemon log has the reason';
}
