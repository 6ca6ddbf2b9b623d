/** What a follower tells, and what it needs to know it. */
import type { Logger } from 'pino';
import type { WormholeError } from '../../lib/errors.ts';
import type { Place } from './place.ts';
import type { PlaceSources } from './resolve.ts';

export type Where =
  /** Borrowed: valid until the callback for the next move has resolved. */
  | { readonly state: 'here'; readonly place: Place }
  /** Not there now; awaited. */
  | { readonly state: 'absent'; readonly reason: string; readonly error: WormholeError }
  /** Never to be back; nothing follows. */
  | { readonly state: 'gone'; readonly reason: string; readonly error: WormholeError };

export interface FollowSources extends PlaceSources {
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** Milliseconds between looks at what sends no events: `ip netns` names and pids. */
  readonly lookMs?: number;
}

/** Told one move at a time; the place of the move before is closed when it has resolved. Must not await disposal. */
export type OnMove = (where: Where) => Promise<void> | void;
