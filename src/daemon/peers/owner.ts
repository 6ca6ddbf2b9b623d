/**
 * Whose guest something is: a daemon or a program, by what it says of itself under the identity that it has proved.
 *
 * Anybody may say any host id. What a guest is called here depends on both, so that one who has a key of its own can
 * neither meet nor shadow what belongs to others.
 */
import { createHash } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import type { Caller } from '../api/operations.ts';

/** Who says that it is that daemon, and as whom it has proved itself. */
export interface Whose {
  readonly host: string;
  readonly identity: string;
}

export interface Owner extends Whose {
  /** What it calls itself, and the link that it asked on. */
  readonly name: string;
  readonly link: number;
}

/** @throws {WormholeError} WH_ERR_REQUEST_REFUSED for anybody but a peer on its link */
export function ownerOf({ origin }: Pick<Caller, 'origin'>): Owner {
  if (origin.kind === 'peer' && origin.link !== undefined) {
    const { host, name, number } = origin.link;
    return { host, identity: origin.identity, name, link: number };
  }
  throw new WormholeError('WH_ERR_REQUEST_REFUSED', 'guests are asked for by peers, on their link');
}

/** 16 hexadecimal digits: the host id of those who hold the common key, another number for each who has one of its own. */
export function placeOf({ host, identity }: Whose): string {
  if (identity === commonIdentity) return host;
  return createHash('sha256').update(`${identity}/${host}`).digest('hex').slice(0, 16);
}

/** Id of a guest here; `~` cannot stand in an id that a user chooses. */
export function keyOf(guest: string, whose: Whose): string {
  return `${guest}~${placeOf(whose)}`;
}

/** As {@link keyOf}, of many: a place costs a hash. */
export function keysOf(guests: readonly string[], whose: Whose): ReadonlySet<string> {
  const place = placeOf(whose);
  return new Set(guests.map((guest) => `${guest}~${place}`));
}

export function isSame(one: Whose, other: Whose): boolean {
  return one.host === other.host && one.identity === other.identity;
}
