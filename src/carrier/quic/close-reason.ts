/**
 * Why a connection ended, in our words: QUIC's error codes are TLS alerts among others (RFC 9001, 4.8).
 */
import { WormholeError } from '../../lib/errors.ts';
import type { NativeConnection } from './quiche.ts';

/** TLS alerts that are about certificates, RFC 8446, 6.2. */
const alerts: Readonly<Record<number, string>> = {
  40: 'no agreement on keys',
  42: 'the certificate is not good for this name or purpose',
  43: 'the certificate is of an unsupported kind',
  44: 'the certificate was revoked',
  45: 'the certificate has expired, or is not valid yet',
  46: 'the certificate is not acceptable',
  48: 'the certificate is not of a CA that is trusted',
  49: 'access was denied',
  51: 'the proof of the certificate is wrong',
  116: 'a certificate is required',
  120: 'it speaks another protocol',
};
const FIRST_ALERT = 0x100;
const LAST_ALERT = 0x1ff;

/** Undefined for a goodbye: of an application, with code 0. */
export function whyClosed(native: NativeConnection, idleMs: number): WormholeError | undefined {
  if (native.isTimedOut()) return new WormholeError('WH_ERR_TIMEOUT', `nothing was heard for ${idleMs / 1_000} s`);
  const [who, error] = native.peerError() ? ['the other side', native.peerError()] : ['this side', native.localError()];
  if (error === null || error === undefined) return undefined;
  const { isApp, errorCode } = error;
  if (errorCode === 0) return undefined;
  if (isApp) return new WormholeError('WH_ERR_ABORTED', `${who} closed the connection with code ${errorCode}`);
  if (errorCode >= FIRST_ALERT && errorCode <= LAST_ALERT) {
    const alert = errorCode - FIRST_ALERT;
    const why = alerts[alert] ?? `TLS alert ${alert}`;
    return new WormholeError('WH_ERR_PEER_AUTH', `refused by ${who}: ${why}`, { detail: { alert } });
  }
  return new WormholeError('WH_ERR_PROTOCOL', `${who} closed the connection with QUIC error ${errorCode}`);
}
