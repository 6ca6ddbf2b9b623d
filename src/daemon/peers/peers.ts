/**
 * The peers of this daemon by name: configured, joined, named in a spec, or those that dialed us.
 *
 * Owns what is known of them; decides which of the carrier's links leads to whom.
 */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import type { LinkChange } from '../../carrier/messages.ts';
import { WormholeError } from '../../lib/errors.ts';
import { LineRate } from '../../lib/line-rate.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { formatAddress } from '../../spec/address.ts';
import type { PeerAddress } from '../../spec/plan.ts';
import type { Logger } from '../log.ts';
import { IdleLinks } from './idle-links.ts';
import { knownAt } from './known-at.ts';
import type { KnownPeer } from './known-peer.ts';
import { isSame } from './owner.ts';
import { type DialLink, Peer } from './peer.ts';

const broke = 'the connection to a peer broke; another one is awaited';
const noQuic = 'there is no QUIC with a peer: its connections go over TLS';
/** Lines about links of one identity at once: a network that comes back brings many. */
const LINES = 200;

export interface PeersOptions {
  readonly configured: readonly KnownPeer[];
  /** Of peers that have no key of their own. */
  readonly common: Pick<KnownPeer, 'identity' | 'ownIdentity' | 'key' | 'resumeMs'>;
  readonly dial: DialLink;
  /** Takes no more streams on a link, and ends it with the last one. */
  readonly end: (link: number) => void;
  /** Number of guests that run here for who is there. */
  readonly guests: (link: LinkFacts) => number;
  readonly log: Logger;
  /** Milliseconds that a link is kept that nobody needs; for tests. */
  readonly idleMs?: number;
  /** A daemon is linked; perhaps once more, or again after its connection was lost. */
  readonly onHost: (link: LinkFacts) => void;
  /** No link to that daemon is left. */
  readonly onHostGone: (link: LinkFacts) => void;
}

export class Peers implements Disposable {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #links = new Map<number, LinkFacts>();
  readonly #draining = new Set<number>();
  readonly #idle: IdleLinks;
  #stopped = false;
  /** By identity: who comes and goes without end fills no log, and hides nobody else. */
  readonly #lines = new Map<string, LineRate>();

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#idle = new IdleLinks({
      isIdle: (peer) => this.#isIdle(peer),
      end: (peer) => this.unlink(peer),
      ...(options.idleMs !== undefined && { ms: options.idleMs }),
    });
    for (const known of options.configured) this.#add(known);
  }

  /** The peer at `address`, which is not dialed by this. @throws {WormholeError} WH_ERR_UNSUPPORTED for a unix socket */
  at(address: PeerAddress): Peer {
    const name = peerName(address);
    return this.#peers.get(name) ?? this.#add(knownAt(address, { ...this.#options.common, name, source: 'spec' }));
  }

  /** One with a key of its own that the configuration does not have. @throws {WormholeError} WH_ERR_PEER_EXISTS */
  meet(known: KnownPeer): Peer {
    const peer = this.#peers.get(known.name);
    if (peer === undefined) return this.#add(known);
    if (peer.known.identity !== known.identity) {
      throw new WormholeError('WH_ERR_PEER_EXISTS', `there is another peer ${known.name}`);
    }
    peer.learn(known);
    return peer;
  }

  find(name: string): Peer | undefined {
    return this.#peers.get(name);
  }

  /** @throws {WormholeError} WH_ERR_PEER_NOT_FOUND */
  named(name: string): Peer {
    const peer = this.find(name);
    if (peer !== undefined) return peer;
    throw new WormholeError('WH_ERR_PEER_NOT_FOUND', `there is no peer ${name}; wormhole peers lists them`);
  }

  get list(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /** Links that are up, also of programs that are no daemons. */
  get links(): readonly LinkFacts[] {
    return [...this.#links.values()];
  }

  /** A peer that this daemon dials and stays linked to. */
  joining(address: PeerAddress): Peer {
    const peer = this.at(address);
    if (peer.known.source === 'spec' || peer.known.source === 'joined') {
      peer.learn(knownAt(address, { ...this.#options.common, name: peer.name, source: 'join' }));
    }
    return peer;
  }

  /** This daemon wants to stay linked no longer; a wormhole may still lead there. */
  left(peer: Peer): void {
    if (peer.known.source !== 'join') return;
    peer.learn({ ...peer.known, source: 'spec' });
    if (!peer.wanted) this.unlink(peer);
    this.forget(peer);
  }

  /** No more streams on its link; another one has to be made for more. */
  unlink(peer: Peer): void {
    const { link } = peer;
    if (link === undefined) return;
    this.#draining.add(link.number);
    this.#options.end(link.number);
    this.#away(link, 'this daemon has closed the link');
  }

  /** Forgets a peer that nobody needs. */
  forget(peer: Peer): void {
    if (peer.known.source === 'config' || peer.wanted || peer.link !== undefined) return;
    this.#peers.delete(peer.name);
    peer[Symbol.dispose]();
  }

  /** What the carrier tells of its links. */
  changed(number: number, change: LinkChange): void {
    if (change.change === 'up') return this.#up(change.facts);
    const before = this.#links.get(number);
    if (before === undefined) return;
    const facts = change.change === 'resumed' ? { ...before, address: change.address } : before;
    const about = { peer: facts.name, address: facts.address, link: number };
    switch (change.change) {
      case 'lost':
        this.#say('warn', facts, { ...about, reason: change.reason }, broke);
        for (const peer of this.list) peer.lost(number, change.reason);
        return;
      case 'resumed':
        this.#links.set(number, facts);
        this.#say('info', facts, about, 'the link to a peer goes on over another connection');
        for (const peer of this.list) peer.resumed(facts);
        // Either end may have let go of something meanwhile, and been unable to say so.
        if (facts.role !== 'client') this.#options.onHost(facts);
        return;
      case 'carrier':
        if (change.carrier === 'quic') return this.#say('info', facts, about, 'connections with a peer go over QUIC');
        return this.#say('warn', facts, { ...about, reason: change.reason }, noQuic);
      case 'draining':
        this.#draining.add(number);
        return this.#away(facts, 'the peer is closing the link');
      case 'over':
        this.#say('info', facts, { ...about, reason: change.reason }, 'the link to a peer is over');
        this.#links.delete(number);
        this.#draining.delete(number);
        this.#away(facts, change.reason);
        if (!this.links.some((link) => isSame(link, facts))) this.#options.onHostGone(facts);
    }
  }

  /** Dials nobody any more; links that there are stay. */
  stop(): void {
    this.#stopped = true;
    for (const peer of this.list) peer.stop();
  }

  [Symbol.dispose](): void {
    this.#idle[Symbol.dispose]();
    for (const peer of this.list) peer[Symbol.dispose]();
  }

  #add(known: KnownPeer): Peer {
    const dial: DialLink = async (...what) => this.#usable(await this.#options.dial(...what));
    const peer: Peer = new Peer({ known, dial, onChange: (changed) => this.#unneeded(changed) });
    this.#peers.set(known.name, peer);
    if (this.#stopped) peer.stop();
    const link = this.#bestFor(peer);
    if (link !== undefined) peer.linked(link);
    return peer;
  }

  /** One that only a spec named is forgotten with its last wormhole, and its link ends some time after that. */
  #unneeded(peer: Peer): void {
    if (peer.known.source === 'spec' || peer.known.source === 'joined') this.forget(peer);
    this.#idle.watch(peer);
  }

  /** Nobody here or there has a use for its link, as far as anybody can tell. */
  #isIdle({ wanted, guests, link }: Peer): boolean {
    return !wanted && guests.size === 0 && link !== undefined && this.#options.guests(link) === 0;
  }

  #say(level: 'info' | 'warn', { identity }: LinkFacts, about: object, text: string): void {
    const rate = this.#lines.get(identity) ?? new LineRate(undefined, LINES);
    this.#lines.set(identity, rate);
    const suppressed = rate.take();
    if (suppressed !== undefined) this.#options.log[level]({ ...about, ...(suppressed > 0 && { suppressed }) }, text);
  }

  #up(facts: LinkFacts): void {
    this.#links.set(facts.number, facts);
    const { name, insists, address, identity, version, dialed, host } = facts;
    const about = { peer: name, address, identity, version, dialed, host, link: facts.number };
    this.#say('info', facts, about, 'linked with a peer');
    if (facts.role === 'client') return;
    // Whom we dial has a name already; who dials us may be known by another one, and is content with it unless it insists.
    const known = (peer: Peer): boolean => peer.name === name || (!insists && this.#leadsTo(facts, peer));
    if (!dialed && !this.list.some(known)) {
      this.#add({ ...this.#options.common, identity, name, addresses: [], source: 'joined' });
    }
    for (const peer of this.list) if (this.#leadsTo(facts, peer)) peer.linked(facts);
    this.#options.onHost(facts);
  }

  #away(facts: LinkFacts, reason: string): void {
    for (const peer of this.list) peer.unlinked(facts.number, reason, this.#bestFor(peer));
    for (const peer of this.list) this.#unneeded(peer);
  }

  /** The newest link to a peer that takes streams. */
  #bestFor(peer: Peer): LinkFacts | undefined {
    return this.links.toReversed().find((facts) => !this.#draining.has(facts.number) && this.#leadsTo(facts, peer));
  }

  /** A link leads to a peer when who is there has its name, or was there before, and proved its key. */
  #leadsTo(facts: LinkFacts, peer: Peer): boolean {
    if (facts.role === 'client' || facts.identity !== peer.known.identity) return false;
    // Of a peer with a key of its own the key says who it is, whatever it calls itself.
    if (facts.identity !== commonIdentity) return true;
    return facts.name === peer.name || facts.host === peer.host;
  }

  /** Of two links to one daemon, one is given up soon. */
  #usable(facts: LinkFacts): LinkFacts {
    if (!this.#draining.has(facts.number) && this.#links.has(facts.number)) return facts;
    const same = (link: LinkFacts): boolean => isSame(link, facts) && !this.#draining.has(link.number);
    return this.links.findLast(same) ?? facts;
  }
}

/** How a peer is called that a spec names. */
export function peerName(address: PeerAddress): string {
  return address.kind === 'name' ? address.name : formatAddress(address);
}
