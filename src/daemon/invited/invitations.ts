/**
 * Invitations: two hosts that share no key become peers for tunnels, by a token that one makes and the other is given.
 *
 *   here: token ─► its secret opens the control port, as an identity of its own that may ask for tunnels and for nothing else
 *   there: dials with it ─► brings a key of its own making ─► the secret is void ─► linked again with the new key ─► a tunnel
 *
 * Whoever comes first takes the invitation; who comes with the same token later finds a door that does not open.
 */
import { randomBytes } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import { Secret } from '../../lib/secret.ts';
import { formatToken, parseToken } from '../../spec/invitation.ts';
import type { Policy } from '../../spec/policy.ts';
import type { Caller } from '../api/operations.ts';
import type { Logger } from '../log.ts';
import type { KnownPeer } from '../peers/known-peer.ts';
import { ownerOf } from '../peers/owner.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Pair, Pairs } from './pairs.ts';

/** Seconds that an invitation is good for, unless told otherwise, and at most. */
const USUAL_SECONDS = 15 * 60;
const MOST_SECONDS = 24 * 60 * 60;
/** Invitations that nobody has come with. */
const MOST_PENDING = 64;
/** Milliseconds that a session waits for another connection. */
const RESUME_MS = 30_000;

export interface InvitationsOptions {
  readonly pairs: Pairs;
  /** What this daemon calls itself. */
  readonly name: string;
  readonly peers: () => Pick<Peers, 'meet' | 'unlink' | 'left'>;
  /** Tells the other end the key that it is to know this one by from now on. @throws {WormholeError} */
  readonly accept: (peer: Peer, key: string, signal: AbortSignal) => Promise<void>;
  /** Identities open the control port by other keys than before. */
  readonly onKeys: () => void;
  readonly log: Pick<Logger, 'info'>;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** What an invited host may ask of this one. */
const tunnelsOnly: Policy = {
  title: 'the invitation of this peer',
  verbs: ['tunnel'],
  targets: [],
  listen: [],
  images: [],
  runFlags: [],
};

export class Invitations {
  readonly #options: InvitationsOptions;
  readonly #now: () => number;

  constructor(options: InvitationsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Makes the peers of before known. */
  restore(): void {
    for (const pair of this.#options.pairs.list) this.#meet(pair);
  }

  /** Identity → key of those who may dial; not of those who are late. */
  get keys(): ReadonlyMap<string, Secret> {
    const open = this.#options.pairs.list.filter((pair) => !this.#isOver(pair));
    return new Map(open.map(({ identity, key }) => [identity, new Secret(Buffer.from(key, 'base64'))]));
  }

  /** Of an invited host; undefined of others. */
  policyOf(identity: string): Policy | undefined {
    const pair = this.#options.pairs.get(identity);
    return pair === undefined || this.#isOver(pair) ? undefined : tunnelsOnly;
  }

  /** @param endpoint where the invited host is to dial @throws {WormholeError} WH_ERR_LIMIT, WH_ERR_USAGE */
  async invite(
    endpoint: { readonly host: string; readonly port: number },
    seconds = USUAL_SECONDS,
  ): Promise<{ readonly token: string; readonly expires: number }> {
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS) {
      throw new WormholeError('WH_ERR_USAGE', 'an invitation is good for a second to a day');
    }
    const { pairs, name, onKeys, log } = this.#options;
    await this.#forgetOver();
    if (pairs.list.filter(({ expires }) => expires !== undefined).length >= MOST_PENDING) {
      throw new WormholeError('WH_ERR_LIMIT', `there are ${MOST_PENDING} invitations that nobody has come with`);
    }
    const identity = `invited:${randomBytes(8).toString('hex')}`;
    const secret = randomBytes(32);
    const expires = Math.floor(this.#now() / 1000) + seconds;
    await pairs.put({ identity, key: secret.toString('base64'), expires });
    onKeys();
    setTimeout(onKeys, seconds * 1000).unref();
    log.info({ identity, expires: new Date(expires * 1000).toISOString() }, 'a host is invited');
    return { token: formatToken({ endpoint, name, identity, secret, expires }), expires };
  }

  /** An invited host has come, with the key that it will use from now on. @throws {WormholeError} */
  async accepted(key: string, caller: Caller): Promise<void> {
    const { pairs, onKeys, log } = this.#options;
    const { identity, host, name } = ownerOf(caller);
    const pair = pairs.get(identity);
    if (pair?.expires === undefined || this.#isOver(pair)) {
      throw new WormholeError('WH_ERR_REQUEST_REFUSED', 'that is no invitation, or it was used, or it is over');
    }
    const bytes = Buffer.from(key, 'base64');
    if (bytes.length !== 32 || bytes.toString('base64') !== key || key === pair.key) {
      throw new WormholeError('WH_ERR_REQUEST_INVALID', 'key is not base64 of 32 new bytes');
    }
    const known = { identity, key, name, host };
    this.#meet(known);
    // A second one with the same token finds it used from here on.
    await pairs.put(known);
    onKeys();
    log.info({ identity, peer: name, host }, 'an invited host has come');
  }

  /** Becomes a peer of the host that has made the token. @throws {WormholeError} nothing is remembered then */
  async join(text: string, signal: AbortSignal): Promise<Peer> {
    const { endpoint, name, identity, secret, expires } = parseToken(text);
    if (expires * 1000 <= this.#now()) {
      throw new WormholeError('WH_ERR_PEER_AUTH', 'the token is over; make another one with wormhole wg-up');
    }
    const { pairs, peers, accept, onKeys } = this.#options;
    const first: Pair = { identity, key: Buffer.from(secret).toString('base64'), name, endpoint };
    const peer = this.#meet(first);
    if (peer === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'a token without a name');
    using _wish = peer.want();
    const { host } = await peer.up(signal);
    const key = randomBytes(32).toString('base64');
    await accept(peer, key, signal);
    await pairs.put({ ...first, key, host });
    onKeys();
    this.#meet({ ...first, key, host });
    // Another link, with the key that lasts: the one that there is would be resumed with a secret that is void.
    peers().unlink(peer);
    await peer.up(signal);
    return peer;
  }

  /** The two are strangers again, as far as this end can tell. @returns false when that is none of them */
  async forget(peer: Peer): Promise<boolean> {
    const { pairs, peers, onKeys } = this.#options;
    if (pairs.get(peer.known.identity) === undefined) return false;
    await pairs.remove(peer.known.identity);
    onKeys();
    peers().unlink(peer);
    peers().left(peer);
    return true;
  }

  #isOver({ expires }: Pair): boolean {
    return expires !== undefined && expires * 1000 <= this.#now();
  }

  async #forgetOver(): Promise<void> {
    const { pairs } = this.#options;
    const over = pairs.list.filter((pair) => this.#isOver(pair)).map(({ identity }) => identity);
    if (over.length > 0) await pairs.remove(...over);
  }

  /** @returns undefined of one that nobody has come with */
  #meet({ identity, key, name, endpoint }: Pair): Peer | undefined {
    if (name === undefined) return undefined;
    const secret = new Secret(Buffer.from(key, 'base64'));
    const known: KnownPeer = {
      name,
      addresses: endpoint === undefined ? [] : [endpoint],
      identity,
      ownIdentity: identity,
      key: () => secret,
      resumeMs: RESUME_MS,
      source: 'join',
    };
    return this.#options.peers().meet(known);
  }
}
