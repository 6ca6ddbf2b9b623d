/**
 * One peer as this daemon deals with it: wanted or not, linked or not, and dialed as long as it is wanted and can be.
 *
 *   down ──wanted──► dialing ──► up ──connection breaks──► lost ──► up, or over
 *                       ▲ failed: a pause, growing             over: dialed again, if wanted
 *
 * A link that the peer dialed serves as well as one of ours. Owns its dialing; the links are the carrier's.
 */
import type { PeerTarget } from '../../carrier/link/dial.ts';
import type { LinkFacts } from '../../carrier/link/facts.ts';
import type { DialOptions } from '../../carrier/link/links.ts';
import { WormholeError } from '../../lib/errors.ts';
import { type Allow, allowedEndpoints } from './allowed-endpoints.ts';
import type { KnownPeer } from './known-peer.ts';
import { Outage } from './outage.ts';
import { Redialing } from './redialing.ts';

export type DialLink = (target: PeerTarget, options: DialOptions, signal: AbortSignal) => Promise<LinkFacts>;

export interface PeerOptions {
  readonly known: KnownPeer;
  readonly dial: DialLink;
  /** Its state has changed. */
  readonly onChange: (peer: Peer) => void;
}

/** Told which link to use now; undefined while there is none. */
export type OnLink = (link: LinkFacts | undefined) => void;

export class Peer implements Disposable {
  /** What runs there for wormholes of this daemon. */
  readonly guests = new Set<string>();
  /** Of the link's connection. */
  readonly outage = new Outage();
  readonly #options: PeerOptions;
  readonly #closed = new AbortController();
  readonly #followers = new Set<OnLink>();
  readonly #readers = new Set<() => void>();
  #known: KnownPeer;
  /** Whether each who wants it may dial it at an address; undefined = wherever it is. */
  readonly #wishes = new Set<{ readonly allow: Allow | undefined }>();
  #as: string | undefined;
  #said: string | undefined;
  #link: LinkFacts | undefined;
  #host: string | undefined;
  #failure: WormholeError | undefined;
  #dialing: Promise<LinkFacts> | undefined;
  readonly #redialing: Redialing;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#known = options.known;
    this.#redialing = new Redialing({
      needed: () => this.wanted && this.#link === undefined && this.#canDial && !this.#closed.signal.aborted,
      attempt: async () => void (await this.#dial().catch(() => undefined)),
    });
  }

  get known(): KnownPeer {
    return this.#known;
  }

  get name(): string {
    return this.#known.name;
  }

  /** The link to open streams on; its connection may be lost for the moment. */
  get link(): LinkFacts | undefined {
    return this.#link;
  }

  /** Id of the daemon there, once it was linked. */
  get host(): string | undefined {
    return this.#host;
  }

  get wanted(): boolean {
    return this.#wishes.size > 0;
  }

  get state(): 'up' | 'lost' | 'dialing' | 'down' {
    if (this.#link !== undefined) return this.outage.reason === '' ? 'up' : 'lost';
    return this.wanted ? 'dialing' : 'down';
  }

  /** Why it is not up. */
  get reason(): string {
    if (this.#link !== undefined) return this.outage.reason;
    return this.#failure?.message ?? (this.#canDial ? '' : 'it cannot be dialed, and has not joined');
  }

  /** More has become known: an address, say. */
  learn(known: KnownPeer): void {
    this.#known = known;
    this.#redialing.hurry();
  }

  /** The name that the last dial insisted on. */
  get said(): string | undefined {
    return this.#said;
  }

  /** Name to be known by there; with the next dial. */
  callOneself(as: string | undefined): void {
    this.#as = as;
  }

  /** Keeps it linked until disposed. @param allow of who may not dial every address */
  want(allow?: Allow): Disposable {
    const wish = { allow };
    this.#wishes.add(wish);
    // What it could not be dialed for before, it may be for this one.
    if (this.#wishes.size === 1 || allow === undefined) this.#redialing.hurry();
    return {
      [Symbol.dispose]: () => {
        if (this.#wishes.delete(wish)) this.#options.onChange(this);
      },
    };
  }

  /** Tells which link to use, now and whenever that changes. */
  follow(onLink: OnLink): Disposable {
    this.#followers.add(onLink);
    onLink(this.#link);
    return { [Symbol.dispose]: () => void this.#followers.delete(onLink) };
  }

  /** Calls `onChange` when a dial has failed for another reason than the one before, until disposed. */
  followReason(onChange: () => void): Disposable {
    this.#readers.add(onChange);
    return { [Symbol.dispose]: () => void this.#readers.delete(onChange) };
  }

  /**
   * The link, made now if there is none.
   *
   * @throws {WormholeError} why it cannot be made; or the reason of `signal`
   */
  async up(signal: AbortSignal): Promise<LinkFacts> {
    signal.throwIfAborted();
    if (this.#link !== undefined) return this.#link;
    this.#closed.signal.throwIfAborted();
    if (!this.#canDial) throw this.#unreachable(this.reason);
    const attempt = this.#dial();
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason as Error);
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([attempt, left]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** This link leads to it, and is the one to use. */
  linked(link: LinkFacts): void {
    this.#link = link;
    this.#host = link.host;
    this.outage.end();
    this.#failure = undefined;
    this.#redialing.linked();
    this.#tell();
  }

  /** The connection of the link broke. */
  lost(link: number, reason: string): void {
    if (this.#link?.number !== link) return;
    this.outage.begin(reason);
    this.#options.onChange(this);
  }

  /** It goes on over another connection. */
  resumed(link: LinkFacts): void {
    if (this.#link?.number !== link.number) return;
    this.#link = link;
    this.outage.end();
    this.#options.onChange(this);
  }

  /** That link takes no more streams. @param next another one to use */
  unlinked(link: number, reason: string, next: LinkFacts | undefined): void {
    if (this.#link?.number !== link) return;
    this.#link = next;
    this.outage.end();
    if (next === undefined) this.#failure = this.#unreachable(reason);
    this.#tell();
    if (this.#link === undefined) this.#redialing.over();
  }

  /** Dials it no more, whoever wants it; a link that there is stays. */
  stop(): void {
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'the daemon is stopping'));
    this.#redialing[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.stop();
    this.#followers.clear();
  }

  get #canDial(): boolean {
    return this.#known.addresses.length > 0;
  }

  #tell(): void {
    for (const follower of this.#followers) follower(this.#link);
    this.#options.onChange(this);
  }

  /** One attempt at a time, however many want it. */
  #dial(): Promise<LinkFacts> {
    this.#dialing ??= this.#attempt().finally(() => {
      this.#dialing = undefined;
    });
    return this.#dialing;
  }

  async #attempt(): Promise<LinkFacts> {
    const { addresses, identity, ownIdentity, key, resumeMs, quic = false } = this.#known;
    try {
      const wishes = [...this.#wishes].map(({ allow }) => allow);
      const allowed = await allowedEndpoints(addresses, wishes, this.#closed.signal);
      const target = { addresses: allowed, identity: ownIdentity, proves: identity, key: key().bytes() };
      this.#said = this.#as;
      const options = { resumeMs, quic, ...(this.#as !== undefined && { as: this.#as }) };
      const link = await this.#options.dial(target, options, this.#closed.signal);
      // Told of it already, unless another link was there first.
      if (this.#link === undefined) this.linked(link);
      return this.#link ?? link;
    } catch (error) {
      // The peer may have dialed us meanwhile.
      if (this.#link !== undefined) return this.#link;
      const before = this.reason;
      this.#failure = WormholeError.is(error) ? error : this.#unreachable('it could not be dialed', error);
      if (this.reason !== before) for (const reader of this.#readers) reader();
      this.#options.onChange(this);
      throw this.#failure;
    }
  }

  #unreachable(reason: string, cause?: unknown): WormholeError {
    return new WormholeError('WH_ERR_PEER_UNREACHABLE', `peer ${this.name}: ${reason}`, { cause });
  }
}
