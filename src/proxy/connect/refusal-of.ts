/** What a client is told of an error that its destination came to. */
import { type ErrorCode, WormholeError } from '../../lib/errors.ts';
import type { Refusal } from './refusal.ts';

/** Of looking for the destination; what is not here is a fault on our side. */
const byCode: Partial<Record<ErrorCode, Refusal>> = {
  WH_ERR_POLICY: 'denied',
  WH_ERR_SELF_PROXY: 'denied',
  WH_ERR_NAME_NOT_RESOLVED: 'unresolved',
  WH_ERR_DIAL: 'failed',
  WH_ERR_TIMEOUT: 'timeout',
  WH_ERR_NOT_READY: 'timeout',
};

/** Of connect(2). */
const byErrno: Readonly<Record<string, Refusal>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'failed',
  EHOSTUNREACH: 'host-unreachable',
  EHOSTDOWN: 'host-unreachable',
  ENETUNREACH: 'network-unreachable',
  ENETDOWN: 'network-unreachable',
  EADDRNOTAVAIL: 'network-unreachable',
  EACCES: 'host-unreachable',
  EPERM: 'host-unreachable',
  ETIMEDOUT: 'timeout',
};

export function refusalOf(error: unknown): Refusal {
  if (WormholeError.is(error)) return byCode[error.code] ?? 'unavailable';
  return byErrno[String((error as Partial<NodeJS.ErrnoException> | undefined)?.code)] ?? 'unavailable';
}
