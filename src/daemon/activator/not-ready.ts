/** "Not ready in time", with what was still waited for. */
import { WormholeError } from '../../lib/errors.ts';

export function notReady(timeoutMs: number): WormholeError {
  return new WormholeError('WH_ERR_NOT_READY', `not ready within ${timeoutMs / 1000} s`);
}

export function isNotReady(error: unknown): error is WormholeError {
  return WormholeError.is(error) && error.code === 'WH_ERR_NOT_READY';
}

/** @param reason the probe's last; '' = it gave none */
export function waitingFor(late: WormholeError, reason: string): WormholeError {
  return reason === '' ? late : new WormholeError(late.code, `${late.message}: ${reason}`, { cause: late });
}
