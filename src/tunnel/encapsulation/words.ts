/**
 * What the daemon and the holder say to each other: one line of JSON there, one back, then the connection ends. Pure.
 *
 * The holder of an older version may meet a newer daemon, so what is here is only added to. No key is ever part of it.
 */
import { isIP } from 'node:net';
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import type { EncapsulationWish } from './encapsulation-socket.ts';

/** Of one line, the longest answer lists all ports. */
export const LINE_BYTES = 1024 * 1024;

export type HolderRequest =
  | { readonly open: EncapsulationWish }
  | { readonly close: IpEndpoint }
  | { readonly steer: { readonly local: IpEndpoint; readonly remote: IpEndpoint } }
  | { readonly list: true };

export interface HolderAnswer {
  /** The code of a system call's failure, e.g. `EADDRINUSE`. */
  readonly failed?: string;
  /** What is held. */
  readonly held?: readonly IpEndpoint[];
}

/** @throws {RangeError} when it is nothing that the holder knows */
export function readRequest(line: string): HolderRequest {
  const said: unknown = JSON.parse(line);
  if (isObject(said)) {
    const { open, close, steer, list } = said;
    if (isWish(open)) return { open };
    if (isEndpoint(close)) return { close };
    if (isObject(steer) && isEndpoint(steer['local']) && isEndpoint(steer['remote'])) {
      return { steer: { local: steer['local'], remote: steer['remote'] } };
    }
    if (list === true) return { list };
  }
  throw new RangeError('nothing that the holder knows');
}

/** @throws {RangeError} */
export function readAnswer(line: string): HolderAnswer {
  const said: unknown = JSON.parse(line);
  if (!isObject(said)) throw new RangeError('no answer of the holder');
  const { failed, held } = said;
  return {
    ...(typeof failed === 'string' ? { failed } : {}),
    ...(Array.isArray(held) ? { held: held.filter(isEndpoint) } : {}),
  };
}

export const isSameEndpoint = (one: IpEndpoint, other: IpEndpoint): boolean =>
  one.port === other.port && one.host === other.host;

function isWish(value: unknown): value is EncapsulationWish {
  if (!isObject(value)) return false;
  const { local, remote, keepaliveSeconds } = value;
  return isEndpoint(local) && isEndpoint(remote) && isWithin(keepaliveSeconds, 0, 3_600);
}

function isEndpoint(value: unknown): value is IpEndpoint {
  return (
    isObject(value) &&
    typeof value['host'] === 'string' &&
    isIP(value['host']) > 0 &&
    isWithin(value['port'], 1, 65_535)
  );
}

const isWithin = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
