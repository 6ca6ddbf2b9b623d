/**
 * Peers as the config file names them, and the policies for them: what the schema could not check.
 *
 * Key files are named here and read by `policy/peer-keys.ts`, when the daemon starts.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { CONTROL_PORT, parseAddress } from '../../spec/address.ts';
import { parseDuration } from '../../spec/duration.ts';
import type { PeerAddress } from '../../spec/plan.ts';
import type { Policy } from '../../spec/policy.ts';
import { type PolicyShape, parsePolicy } from '../../spec/policy-shape.ts';

/** How long a session outlives its connection unless the peer's `resume` says otherwise, in milliseconds. */
const RESUME_MS = 30_000;

/** Longest name of a peer in characters; it is a label of DNS, too. */
const NAME_LENGTH = 63;

/** An address that is dialed as it stands: no name of another peer. */
export type DialAddress = Exclude<PeerAddress, { readonly kind: 'name' }>;

export interface PeerSettings {
  readonly name: string;
  /** In the order written; empty = it is the peer that dials. */
  readonly addresses: readonly DialAddress[];
  /** Its own key, absolute; absent = it holds the common one, and is not known from others that do. */
  readonly keyFile?: string;
  /** Of its connections; everything else travels over TLS. */
  readonly carrier: 'tls' | 'quic';
  readonly resumeMs: number;
  /** Absent = that for holders of the common key. */
  readonly policy?: Policy;
}

/** As the schema lets it pass. */
export interface PeerShape {
  readonly address?: string | readonly string[];
  readonly 'key-file'?: string;
  readonly carrier?: 'tls' | 'quic';
  readonly resume?: string;
  readonly policy?: PolicyShape;
}

/** @throws {WormholeError} WH_ERR_CONFIG, WH_ERR_SPEC_INVALID */
export function parsePeers(shapes: Readonly<Record<string, PeerShape>>): PeerSettings[] {
  return Object.entries(shapes).map(([name, shape]) => naming(`peers.${name}`, () => parsePeer(name, shape)));
}

/** @throws {WormholeError} WH_ERR_CONFIG */
export function parsePeerName(name: string): string {
  if (name === commonIdentity) throw invalid(`${name} stands for all who hold the common key; choose another name`);
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(name) || name.length > NAME_LENGTH) {
    throw invalid(
      `${JSON.stringify(name)} is not a name of a peer; use up to ${NAME_LENGTH} letters, digits, "-", "_" and dots`,
    );
  }
  if (parseAddress(name).kind !== 'name') throw invalid(`${name} is an address; choose a name`);
  return name;
}

/** This machine's name, as a peer can be called. */
export function ownName(machine: string = hostname()): string {
  const name = machine
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, NAME_LENGTH)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  try {
    return parsePeerName(name);
  } catch (error) {
    if (WormholeError.is(error)) return 'unnamed';
    throw error;
  }
}

function parsePeer(name: string, shape: PeerShape): PeerSettings {
  const { address = [], resume, policy } = shape;
  const addresses = typeof address === 'string' ? [address] : address;
  const keyFile = shape['key-file'];
  parsePeerName(name);
  if (policy !== undefined && keyFile === undefined) {
    throw invalid('a policy of its own needs a key of its own: a shared one proves no name; add key-file');
  }
  return {
    name,
    addresses: addresses.map((text) => naming('address', () => parseDialAddress(text))),
    ...(keyFile !== undefined && { keyFile: resolve(keyFile) }),
    carrier: shape.carrier ?? 'tls',
    resumeMs: resume === undefined ? RESUME_MS : naming('resume', () => parseDuration(resume)),
    ...(policy !== undefined && {
      policy: naming('policy', () => parsePolicy(policy, `the policy of peer ${name}`)),
    }),
  };
}

function parseDialAddress(text: string): DialAddress {
  const address = parseAddress(text);
  return address.kind === 'name' ? { kind: 'tcp', host: address.name, port: CONTROL_PORT } : address;
}

function naming<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!WormholeError.is(cause)) throw cause;
    throw new WormholeError(cause.code, `${key}: ${cause.message}`, { cause });
  }
}

function invalid(message: string): WormholeError {
  return new WormholeError('WH_ERR_CONFIG', message);
}
