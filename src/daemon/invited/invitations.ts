/**
 * Invitations: two hosts that share no key become peers for tunnels, by a token that one makes and the other is given.
 *
 *   here: token ─► its secret opens the control port, as an identity of its own that may ask for tunnels and for nothing else
 *   there: dials with it ─► the two agree on a key (agreement.ts) ─► the secret is void ─► linked again with that ─► a tunnel
 *
 * Whoever comes first takes the invitation; who comes with the same token later finds a door that does not open.
 */
import { randomBytes } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import { Secret } from '../../lib/secret.ts';
import { makeX25519 } from '../../lib/x25519.ts';
import { invalid } from '../../spec/invalid.ts';
import { formatToken, parseToken } from '../../spec/invitation.ts';
import type { Policy } from '../../spec/policy.ts';
import type { Caller } from '../api/operations.ts';
import type { KnownPeer } from '../peers/known-peer.ts';
import { ownerOf } from '../peers/owner.ts';
import type { Peer } from '../peers/peer.ts';
import { agreeAsComing, agreeAsInviting } from './agreement.ts';
import type { InvitationsOptions } from './invitations-options.ts';
import { isOver, type Pair } from './pairs.ts';
import { tunnelsOnly } from './tunnels-only.ts';

/** Seconds that an invitation is good for, unless told otherwise, and at most. */
const USUAL_SECONDS = 15 * 60;
const MOST_SECONDS = 24 * 60 * 60;
/** Invitations that nobody has come with. */
const MOST_PENDING = 64;
/** Milliseconds that a session waits for another connection. */
const RESUME_MS = 30_000;

export interface Joined {
  readonly peer: Peer;
  /** Container there that tunnels with it have to end in. */
  readonly attach: string | undefined;
}

export class Invitations {
  readonly #options: InvitationsOptions;
  readonly #now: () => number;

  constructor(options: InvitationsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Makes the peers of before known; of one whose name the configuration has by now, that has the name. */
  restore(): void {
    for (const pair of this.#options.pairs.list) {
      if (pair.expires !== undefined) this.#closeAt(pair.expires);
      try {
        this.#meet(pair);
      } catch (err) {
        this.#options.log.warn({ err, identity: pair.identity }, 'an invited host is known by its name no more');
      }
    }
  }

  /** Identity → key of those who may dial; not of those who are late. */
  get keys(): ReadonlyMap<string, Secret> {
    const open = this.#options.pairs.list.filter((pair) => !this.#isOver(pair));
    return new Map(open.map(({ identity, key }) => [identity, new Secret(Buffer.from(key, 'base64'))]));
  }

  /** Those that nobody has come with yet. */
  get pending(): readonly Pair[] {
    return this.#options.pairs.pending(this.#now());
  }

  /** Of an invited host; undefined of others. */
  policyOf(identity: string): Policy | undefined {
    const pair = this.#options.pairs.get(identity);
    if (pair === undefined || this.#isOver(pair)) return undefined;
    return { ...tunnelsOnly, ...(pair.attach !== undefined && { attach: pair.attach }) };
  }

  /**
   * @param endpoint where the invited host is to dial
   * @param attach container of this host that its tunnels are to end in
   * @throws {WormholeError} WH_ERR_LIMIT, WH_ERR_USAGE
   */
  async invite(
    endpoint: { readonly host: string; readonly port: number },
    seconds = USUAL_SECONDS,
    attach?: string,
  ): Promise<{ readonly token: string; readonly identity: string; readonly expires: number }> {
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS) {
      throw new WormholeError('WH_ERR_USAGE', 'an invitation is good for a second to a day', {
        detail: { verb: 'wg-up' },
      });
    }
    const { pairs, name, onKeys, log } = this.#options;
    await this.#forgetOver();
    if (this.pending.length >= MOST_PENDING) {
      throw new WormholeError('WH_ERR_LIMIT', `there are ${MOST_PENDING} invitations that nobody has come with`);
    }
    const identity = `invited:${randomBytes(8).toString('hex')}`;
    const secret = randomBytes(32);
    const { privateKey, publicKey } = makeX25519();
    const expires = Math.floor(this.#now() / 1000) + seconds;
    const kept = { identity, key: secret.toString('base64'), privateKey: privateKey.toString('base64'), expires };
    await pairs.put({ ...kept, ...(attach !== undefined && { attach }) });
    await onKeys();
    this.#closeAt(expires);
    log.info({ identity, expires: new Date(expires * 1000).toISOString() }, 'a host is invited');
    return { token: formatToken({ endpoint, name, identity, secret, publicKey, expires }), identity, expires };
  }

  /**
   * An invited host has come, with its part of the key that the two keep.
   *
   * @param coming base64 of its public key
   * @returns the container that its tunnels have to end in @throws {WormholeError}
   */
  async accepted(coming: string, caller: Caller): Promise<string | undefined> {
    const { pairs, onKeys, log } = this.#options;
    const { identity, host, name } = ownerOf(caller);
    const pair = pairs.get(identity);
    if (pair?.expires === undefined || pair.privateKey === undefined || this.#isOver(pair)) {
      throw new WormholeError('WH_ERR_REQUEST_REFUSED', 'that is no invitation, or it was used, or it is over');
    }
    const key = agreeAsInviting(pair, pair.privateKey, coming);
    if (key === undefined) throw new WormholeError('WH_ERR_REQUEST_INVALID', 'publicKey is no key of X25519');
    const { attach } = pair;
    const known = { identity, key, name, host, ...(attach !== undefined && { attach }) };
    this.#meet(known);
    // A second one with the same token finds it used from here on.
    await pairs.put(known);
    await onKeys();
    log.info({ identity, peer: name, host }, 'an invited host has come');
    return attach;
  }

  /**
   * Becomes a peer of the host that has made the token; again is the same.
   *
   * @throws {WormholeError} nothing is remembered then, unless it was before
   */
  async join(text: string, signal: AbortSignal): Promise<Joined> {
    const { endpoint, name, identity, secret, publicKey, expires } = parseToken(text);
    const { pairs, peers } = this.#options;
    const known = pairs.get(identity);
    if (known !== undefined && known.endpoint === undefined)
      throw new WormholeError('WH_ERR_SELF_PROXY', 'this daemon has made that token; it is for another host');
    if (known === undefined && expires * 1000 <= this.#now()) {
      throw new WormholeError('WH_ERR_PEER_AUTH', 'the token is over; make another one with wormhole wg-up');
    }
    const first: Pair = { identity, key: Buffer.from(secret).toString('base64'), name, endpoint };
    const pair = known ?? first;
    const peer = this.#meet(pair);
    if (peer === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'a token without a name');
    try {
      using _wish = peer.want();
      const { host } = await peer.up(signal);
      if (pair === known) return { peer, attach: known.peerAttach };
      return await this.#come(peer, { ...first, host }, publicKey, signal);
    } catch (error) {
      if (pairs.get(identity) === undefined) {
        peers().unlink(peer);
        peers().left(peer);
      }
      throw error;
    }
  }

  /** Agrees on the key that lasts. @param inviting the token's public key */
  async #come(peer: Peer, first: Pair, inviting: Uint8Array, signal: AbortSignal): Promise<Joined> {
    const { pairs, peers, accept, onKeys } = this.#options;
    const own = makeX25519();
    const key = agreeAsComing(first, own, inviting);
    if (key === undefined) throw invalid('the token has no key; make another one with wormhole wg-up');
    const attach = await accept(peer, own.publicKey.toString('base64'), signal);
    const pair = { ...first, key, ...(attach !== undefined && { peerAttach: attach }) };
    await pairs.put(pair);
    await onKeys();
    this.#meet(pair);
    // Another link, with the key that lasts: the one that there is would be resumed with a secret that is void.
    peers().unlink(peer);
    try {
      await peer.up(signal);
    } catch (cause) {
      if (!WormholeError.is(cause) || cause.code !== 'WH_ERR_PEER_AUTH') throw cause;
      await pairs.remove(pair.identity);
      await onKeys();
      const why =
        'who answered to the token is not the host that has made it; make another token, and keep it to yourself';
      throw new WormholeError('WH_ERR_PEER_AUTH', why, { cause });
    }
    return { peer, attach };
  }

  /** The two are strangers again, as far as this end can tell. @returns false when that is none of them */
  async forget({ known }: Peer): Promise<boolean> {
    return await this.withdraw(known.identity);
  }

  /** Nobody comes by it any more, and who has come is a stranger again. @returns false when there is none */
  async withdraw(identity: string): Promise<boolean> {
    const { pairs, peers, onKeys, onStranger, log } = this.#options;
    if (pairs.get(identity) === undefined) return false;
    await pairs.remove(identity);
    await onKeys();
    // As long as there is a link, by which the other end can be told.
    await onStranger(identity);
    const peer = peers().list.find(({ known }) => known.identity === identity);
    if (peer !== undefined) {
      peers().unlink(peer);
      peers().left(peer);
    }
    log.info({ identity }, 'an invitation is void');
    return true;
  }

  #closeAt(expires: number): void {
    const ms = expires * 1000 - this.#now();
    if (ms > 0) setTimeout(() => void this.#options.onKeys(), ms + 1).unref();
  }

  #isOver(pair: Pair): boolean {
    return isOver(pair, this.#now());
  }

  async #forgetOver(): Promise<void> {
    const over = this.#options.pairs.list.filter((pair) => this.#isOver(pair)).map(({ identity }) => identity);
    if (over.length > 0) await this.#options.pairs.remove(...over);
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
