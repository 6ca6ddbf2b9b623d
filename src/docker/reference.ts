/**
 * An image reference in the parts that a pull needs.
 *
 *   web                          → docker.io, web, latest
 *   lib/web:2                    → docker.io, lib/web, 2
 *   127.0.0.1:5000/web           → 127.0.0.1:5000, 127.0.0.1:5000/web, latest
 *   web:2@sha256:…               → docker.io, web, sha256:…   (the digest decides, as it does for Docker)
 */
import { parseImage } from '../spec/image.ts';

export interface PullReference {
  /** Host, with a port when one was written. */
  readonly registry: string;
  /** Without tag and digest, as written. */
  readonly name: string;
  readonly tagOrDigest: string;
}

/** Where names without a host come from. */
export const hub = 'docker.io';

/**
 * @returns undefined for an image id, which no registry knows
 * @throws {WormholeError} WH_ERR_SPEC_INVALID for what is no reference
 */
export function pullReference(text: string): PullReference | undefined {
  const [tagged = '', digest] = parseImage(text).split('@');
  if (tagged.startsWith('sha256:')) return undefined;
  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const name = hasTag ? tagged.slice(0, colon) : tagged;
  const tag = hasTag ? tagged.slice(colon + 1) : 'latest';
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return { registry: isHost ? first : hub, name, tagOrDigest: digest ?? tag };
}
