/**
 * Tokens by which a host without our key becomes a peer for tunnels, and for nothing else: where to dial, as whom, with which secret,
 * by which public key the host there is known, and until when. A secret of one use: whoever comes first takes it, and the two agree
 * on another one (`daemon/invited/agreement.ts`).
 *
 *   wormhole1.BASE64URL( {"e":"HOST:PORT","n":NAME,"i":IDENTITY,"s":SECRET,"p":PUBLIC-KEY,"x":SECONDS} )
 */
import { splitHostPort } from './host.ts';
import { invalid } from './invalid.ts';

const PREFIX = 'wormhole1.';
/** Characters; a host name has at most 253. */
const LONGEST = 1_024;
/** Of the secret, and of the key. */
const BYTES = 32;

export interface InvitationToken {
  /** Of the carrier port of who invites. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** What that daemon calls itself. */
  readonly name: string;
  /** As whom the two prove to each other that they know the secret. */
  readonly identity: string;
  readonly secret: Uint8Array;
  /** Of X25519; its private half never leaves who invites. */
  readonly publicKey: Uint8Array;
  /** Unix seconds. */
  readonly expires: number;
}

export function formatToken({ endpoint, name, identity, secret, publicKey, expires }: InvitationToken): string {
  const { host, port } = endpoint;
  const e = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const [s, p] = [secret, publicKey].map((bytes) => Buffer.from(bytes).toString('base64url'));
  const text = JSON.stringify({ e, n: name, i: identity, s, p, x: expires });
  return PREFIX + Buffer.from(text).toString('base64url');
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID, which repeats nothing of it */
export function parseToken(text: string): InvitationToken {
  const token = text.trim();
  if (!token.startsWith(PREFIX) || token.length > LONGEST) throw invalid('that is no token of wormhole wg-up');
  const { e, n, i, s, p, x } = membersOf(token.slice(PREFIX.length));
  if (typeof e !== 'string' || typeof n !== 'string' || typeof i !== 'string' || typeof s !== 'string') throw damaged();
  if (typeof p !== 'string') throw damaged();
  const [secret, publicKey] = [Buffer.from(s, 'base64url'), Buffer.from(p, 'base64url')];
  const { host, port } = endpointOf(e);
  const whole = isIdentity(i) && /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(n) && host !== '';
  if (!whole || secret.length !== BYTES || publicKey.length !== BYTES) throw damaged();
  if (!Number.isInteger(x) || port < 1 || port > 65_535) throw damaged();
  return { endpoint: { host, port }, name: n, identity: i, secret, publicKey, expires: x as number };
}

/** Identities of invitations; none that a configured peer can have. */
export function isIdentity(text: string): boolean {
  return /^invited:[0-9a-f]{16}$/.test(text);
}

function membersOf(encoded: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below, without a word of what it held.
  }
  throw damaged();
}

function endpointOf(text: string): { host: string; port: number } {
  try {
    const { host, port = '' } = splitHostPort(text);
    return { host, port: Number(port) };
  } catch {
    throw damaged();
  }
}

function damaged(): Error {
  return invalid('the token is damaged; copy it whole, or make another one with wormhole wg-up');
}
