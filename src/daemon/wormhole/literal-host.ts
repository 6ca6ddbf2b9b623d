/** Hosts of heads: literals as they are, names as their place resolves them. */
import { isIP } from 'node:net';
import { WormholeError } from '../../lib/errors.ts';
import type { Place } from '../places/place.ts';
import type { Surroundings } from '../surroundings.ts';

/** True for an IPv4 or IPv6 literal, a `%scope` allowed. */
export function isLiteral(host: string): boolean {
  return isIP(host.split('%')[0] ?? '') !== 0;
}

/** The one address to listen on. @throws {WormholeError} WH_ERR_NAME_NOT_RESOLVED */
export async function literalHost(
  host: string,
  place: Place,
  { resolve }: Pick<Surroundings, 'resolve'>,
  signal: AbortSignal,
): Promise<string> {
  if (isLiteral(host)) return host;
  const [first] = (await resolve(host, place, signal)).addresses;
  if (first === undefined) throw new WormholeError('WH_ERR_NAME_NOT_RESOLVED', `${host} has no address`);
  return first;
}
