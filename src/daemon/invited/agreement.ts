/**
 * The key that two hosts keep after an invitation. Each contributes a pair of X25519, of which only the public half travels: that of
 * the host that invites in the token, the other one on the first link.
 *
 *   key = HKDF-SHA256( X25519(pair, pair), salt: the token's secret, info: the invitation and both public keys )
 *
 * So whoever has come by the token may be the first who comes with it, but can neither stand in for the host that has made it nor
 * between the two: what was said on the first link is no use without one of the private halves (RFC 5869, RFC 7748 §6.1).
 */
import { hkdfSync } from 'node:crypto';
import { pairOf, sharedSecret, type X25519Pair } from '../../lib/x25519.ts';
import type { Pair } from './pairs.ts';

const keyBytes = 32;

/** What both know before: the invitation, and the token's secret as its key. */
type Invited = Pick<Pair, 'identity' | 'key'>;

/** At the host that invites. @param coming the other one's public key, base64 @returns the key, base64; undefined when `coming` is none */
export function agreeAsInviting(invited: Invited, privateKey: string, coming: string): string | undefined {
  const own = pairOf(Buffer.from(privateKey, 'base64'));
  const far = Buffer.from(coming, 'base64');
  return derive(invited, sharedSecret(own.privateKey, far), [own.publicKey, far]);
}

/** At the host that comes. @param inviting the token's public key @returns as {@link agreeAsInviting} */
export function agreeAsComing(invited: Invited, own: X25519Pair, inviting: Uint8Array): string | undefined {
  const far = Buffer.from(inviting);
  return derive(invited, sharedSecret(own.privateKey, far), [far, own.publicKey]);
}

function derive(
  { identity, key }: Invited,
  shared: Buffer | undefined,
  publicKeys: readonly [inviting: Buffer, coming: Buffer],
): string | undefined {
  if (shared === undefined) return undefined;
  const info = Buffer.concat([Buffer.from(`wormhole invitation 1 ${identity} `), ...publicKeys]);
  return Buffer.from(hkdfSync('sha256', shared, Buffer.from(key, 'base64'), info, keyBytes)).toString('base64');
}
