/** Names the wormhole of ours that is in the way of a head, to those whom it concerns. */
import { WormholeError } from '../../lib/errors.ts';
import type { Entry } from './entry.ts';
import { errnoOf } from './errno.ts';
import type { Head } from './head.ts';
import { type Asked, mayKnow } from './may-know.ts';
import type { Spot } from './self-proxy.ts';

/** @param holderOf id of the wormhole that listens at a spot, if it may be told @returns why `head` failed */
export function explainConflict(
  { failure, spot }: Pick<Head, 'failure' | 'spot'>,
  holderOf: (spot: Spot) => string | undefined,
): unknown {
  const holder = errnoOf(failure) === 'EADDRINUSE' && spot !== undefined ? holderOf(spot) : undefined;
  if (holder === undefined || !WormholeError.is(failure)) return failure;
  return new WormholeError(
    failure.code,
    `cannot listen on ${spot?.protocol}://${spot?.host}:${spot?.port}: wormhole ${holder} listens there; ` +
      'delete it or choose another port',
    { cause: failure, detail: { ...failure.detail, holder } },
  );
}

/** Id of the wormhole that listens at a spot, if whoever asks for `asked` may know it. */
export function holderFor(asked: Asked, entries: readonly Entry[], spot: Spot): string | undefined {
  const holder = entries.find((entry) => entry.holds(spot))?.record();
  return holder !== undefined && mayKnow(asked, holder) ? holder.id : undefined;
}
