/** Names the wormhole of ours that is in the way of a head. */
import { WormholeError } from '../../lib/errors.ts';
import { errnoOf } from './errno.ts';
import type { Head } from './head.ts';
import type { Spot } from './self-proxy.ts';

/** @param holderOf id of the wormhole that listens at a spot, if it is one of ours @returns why `head` failed */
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
