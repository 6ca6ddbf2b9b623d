/** The way to a peer's control API: a stream of its link, in the clear at this end. */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CarrierLinks } from '../../carrier/listener.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Peer } from './peer.ts';

/** Links that are tried: one may just be given up for another. */
const TRIES = 5;
/** Milliseconds in between, for it to become known. */
const PAUSE_MS = 50;

/** @returns the caller's @throws {WormholeError} why the peer cannot be reached, or the reason of `signal` */
export async function openApi(
  peer: Pick<Peer, 'up'>,
  links: Pick<CarrierLinks, 'openApi'>,
  signal: AbortSignal,
): Promise<Socket> {
  for (let left = TRIES - 1; ; left -= 1) {
    const { number } = await peer.up(signal);
    try {
      const fd = (await links.openApi(number, signal)).release();
      return new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
    } catch (error) {
      if (left === 0 || signal.aborted || !isGoing(error)) throw error;
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }
}

/**
 * Asks, and again when the link was given up before the peer had said yes to the stream. Not for what must not come twice: the
 * peer may have had the request.
 */
export async function askAgain<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      const unopened = WormholeError.is(error) && error.detail['unopened'] === true;
      if (left === 0 || !unopened || signal?.aborted === true || !isGoing(error)) throw error;
      await sleep(PAUSE_MS, undefined, { ...(signal && { signal }) });
    }
  }
}

/** The link is over, or takes no more streams: another one may be there already. */
function isGoing(error: unknown): boolean {
  return WormholeError.is(error) && (error.code === 'WH_ERR_ABORTED' || error.code === 'WH_ERR_PEER_UNREACHABLE');
}
