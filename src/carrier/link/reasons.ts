/** Why a link ended, or never was, as errors. */
import { WormholeError } from '../../lib/errors.ts';

export function asWormholeError(reason: unknown): WormholeError {
  if (WormholeError.is(reason)) return reason;
  return new WormholeError('WH_ERR_INTERNAL', 'a fault of the carrier', { cause: reason });
}

/** @param reason of an abort */
export function unwanted(reason: unknown): WormholeError {
  if (WormholeError.is(reason)) return reason;
  return new WormholeError('WH_ERR_ABORTED', 'the link is not wanted any more', { cause: reason });
}

export function restarted(): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'the peer has restarted');
}

export function silent(ms: number): WormholeError {
  return new WormholeError('WH_ERR_TIMEOUT', `the peer did not say who it is within ${ms} ms`);
}

export function noLanes(): WormholeError {
  return new WormholeError('WH_ERR_UNSUPPORTED', 'carrier: quic has to stand in the configuration of both daemons');
}
