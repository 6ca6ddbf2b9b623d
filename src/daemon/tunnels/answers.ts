/**
 * Answering peers about tunnels: offers judged and prepared, halves installed when they are committed, removed, given new keys.
 *
 *   offer ─► prepared, and installed while the answer is under way ──commit──► complete
 *                └──no commit within a while, or another daemon is that host now──► removed, forgotten
 *
 * What is to replace another half is installed by the commit alone: until then there may be no agreement.
 *
 * A peer can touch no tunnel but those with itself, and needs the verb `tunnel`; for a container also that it may enter it.
 */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import type { TunnelHalf as HalfState, TunnelAnswer, TunnelOffer, TunnelRekey, TunnelRekeyed } from '../../spec/api.ts';
import { conflict } from '../../tunnel/negotiation.ts';
import type { Caller } from '../api/operations.ts';
import { literalOf } from '../peers/allowed-endpoints.ts';
import { isSame, type Owner, ownerOf, type Whose } from '../peers/owner.ts';
import type { Policies } from '../policy/policies.ts';
import { agree } from './agreeing.ts';
import type { Attachment } from './attachment.ts';
import type { OwnAddresses } from './own-ends.ts';
import { makeHalf, tell } from './own-half.ts';
import { type Prepared, placesOf } from './prepared.ts';
import { recordOf } from './record-of.ts';
import type { Rekeying } from './rekeying.ts';
import { refuseBeyondShare } from './shares.ts';
import type { Tunnel } from './tunnel.ts';
import { notFound, type Tunnels } from './tunnels.ts';

/** Milliseconds that what was offered waits for its commit. */
const PREPARED_MS = 60_000;

export interface AnswersOptions {
  readonly tunnels: Tunnels;
  readonly addresses: OwnAddresses;
  /** The link that somebody asks on. @throws {WormholeError} when it is over */
  readonly linkOf: (owner: Owner) => LinkFacts;
  /** How that peer is called here, and whether it can be dialed by that. */
  readonly nameOf: (link: LinkFacts) => { readonly peer: string; readonly dialed: boolean };
  /** This end is about to ask that peer for a tunnel itself, and goes first. */
  readonly goesFirst: (whose: Whose) => boolean;
  /** May it? @throws {WormholeError} WH_ERR_POLICY */
  readonly allow: Policies['tunnel'];
  readonly reach: Policies['tunnelTo'];
  /** @param identity of the peer that asks, whose policy says where its end may be */
  readonly attach: (container: string, identity: string) => Promise<Attachment>;
  readonly rekeying: Pick<Rekeying, 'answer'>;
}

export class Answers implements AsyncDisposable {
  readonly #options: AnswersOptions;
  readonly #prepared = new Map<string, Prepared>();
  readonly #committing = new Set<Prepared>();
  readonly #answering = new Set<{ readonly owner: Owner; readonly done: Promise<unknown> }>();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** @throws {WormholeError} WH_ERR_POLICY, WH_ERR_REQUEST_INVALID, WH_ERR_TUNNEL_CONFLICT, WH_ERR_KERNEL, WH_ERR_LIMIT */
  async offer(offer: TunnelOffer, caller: Caller): Promise<TunnelAnswer> {
    const owner = ownerOf(caller);
    await this.#options.allow(owner.identity, { container: offer.attach }, caller.signal);
    if (this.#options.goesFirst(owner)) throw conflict('busy', 'this end asks for a tunnel itself at this moment');
    // From here on what this end asks for itself waits: two that cross would each take the other's away.
    const answering = { owner, done: this.#prepare(offer, owner) };
    this.#answering.add(answering);
    try {
      return await answering.done;
    } finally {
      this.#answering.delete(answering);
    }
  }

  async #prepare(offer: TunnelOffer, owner: Owner): Promise<TunnelAnswer> {
    const { tunnels, addresses, linkOf, nameOf, attach } = this.#options;
    const link = linkOf(owner);
    const places = placesOf(offer);
    const before = tunnels.between(owner, places);
    const noPort = this.#refuseBeyondShare(owner, before);
    await using needs = new Scope('tunnel');
    await using attached = new Scope('tunnel');
    const attachment =
      offer.attach === undefined ? undefined : attached.use(await attach(offer.attach, owner.identity));
    const netns = attachment === undefined ? undefined : needs.use(attachment.namespace());
    const far = literalOf(link.address);
    if (offer.seen.includes(':') !== far.includes(':')) throw conflict('busy', 'of two links one is about to go');
    const reach = (...to: [host: string, port: number]): void => this.#options.reach(owner.identity, ...to);
    const asked = { offer, far, netns, before, noPort, reach };
    const { end, agreed } = await agree(asked, tunnels, addresses, needs);
    const { id, mtu } = offer;
    if (this.#prepared.has(id) || tunnels.find(id)) throw conflict('busy', 'there is a tunnel of that id');
    needs.use(tunnels.reserve(agreed.overlay.local, agreed.overlay.remote));
    const sight = { far, own: offer.seen };
    const common = { id, agreed, ...(mtu !== undefined && { mtu }) };
    const half = makeHalf({ ...common, end, sight, offered: false, ...(netns !== undefined && { netns }) });
    const record = recordOf({ ...common, ...nameOf(link), whose: owner, half, places, driver: false, mtu });
    const lasting = new Scope(`offer ${id}`);
    needs.moveTo(lasting);
    const container = new Scope(`container of ${id}`);
    attached.moveTo(container);
    const timer = setTimeout(() => void this.#forget(id).catch(() => undefined), PREPARED_MS);
    timer.unref();
    let over = (): void => undefined;
    const done = new Promise<void>((resolve) => void (over = resolve));
    const prepared: Prepared = {
      owner,
      instance: link.instance,
      record,
      half,
      needs: lasting,
      attachment,
      container,
      timer,
      done,
      over,
      tunnel: undefined,
    };
    this.#prepared.set(id, prepared);
    if (before === undefined) {
      prepared.tunnel = this.#install(prepared);
      // Told to whoever commits it.
      prepared.tunnel.catch(() => undefined);
    }
    const { kind, overlay } = agreed;
    return { id, kind, pair: [overlay.remote, overlay.local], seen: far, ...tell(end, [kind]) };
  }

  /** Installs what was prepared; again is the same. @throws {WormholeError} nothing of it is left then */
  async commit(id: string, caller: Caller): Promise<HalfState> {
    const owner = ownerOf(caller);
    const prepared = this.#prepared.get(id);
    const known = prepared === undefined ? this.#find(id, owner) : undefined;
    if (known !== undefined) return known.half;
    if (prepared === undefined || !isSame(prepared.owner, owner)) {
      throw new WormholeError('WH_ERR_TUNNEL_NOT_FOUND', 'that tunnel was not offered, or too long ago');
    }
    this.#prepared.delete(id);
    clearTimeout(prepared.timer);
    this.#committing.add(prepared);
    try {
      const tunnel = await (prepared.tunnel ?? this.#install(prepared));
      await this.#options.tunnels.complete(tunnel);
      return tunnel.half;
    } finally {
      this.#committing.delete(prepared);
      prepared.over();
    }
  }

  get(id: string, caller: Caller): Promise<HalfState> {
    const owner = ownerOf(caller);
    const prepared = this.#prepared.get(id);
    if (prepared !== undefined && isSame(prepared.owner, owner)) return Promise.resolve({ id, state: 'prepared' });
    const tunnel = this.#find(id, owner);
    return Promise.resolve(tunnel === undefined ? { id, state: 'none' } : tunnel.half);
  }

  /** Also of one that is only prepared; there being none is no failure. */
  async remove(id: string, caller: Caller): Promise<HalfState> {
    const owner = ownerOf(caller);
    await Promise.all([...this.#committing].filter((one) => one.record.id === id).map(({ done }) => done));
    const prepared = this.#prepared.get(id);
    if (prepared !== undefined && isSame(prepared.owner, owner)) await this.#forget(id);
    const tunnel = this.#find(id, owner);
    if (tunnel !== undefined) await this.#options.tunnels.remove(tunnel);
    return { id, state: 'none' };
  }

  async rekey(id: string, rekey: TunnelRekey, caller: Caller): Promise<TunnelRekeyed> {
    const owner = ownerOf(caller);
    await this.#options.allow(owner.identity, undefined, caller.signal);
    const tunnel = this.#find(id, owner);
    if (tunnel === undefined) throw notFound(`${id} with this peer`);
    return await this.#options.rekeying.answer(tunnel, rekey);
  }

  /** A daemon is linked: what an earlier one of its host has offered nobody commits any more. */
  linked(link: LinkFacts): void {
    for (const [id, { owner, instance }] of this.#prepared) {
      if (isSame(owner, link) && instance !== link.instance) void this.#forget(id).catch(() => undefined);
    }
  }

  /** Resolves when nothing of that peer is being carried out. */
  async settled(whose: Whose, signal: AbortSignal): Promise<void> {
    const under = (): Array<Promise<unknown>> =>
      [...this.#answering, ...this.#prepared.values(), ...this.#committing].flatMap(({ owner, done }) =>
        isSame(owner, whose) ? [done.catch(() => undefined)] : [],
      );
    for (let all = under(); all.length > 0; all = under()) await within(signal, Promise.all(all));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#prepared.keys()) await this.#forget(id).catch(() => undefined);
  }

  async #install({ record, half, needs, attachment, container }: Prepared): Promise<Tunnel> {
    const { tunnels } = this.#options;
    await using attached = container;
    // The peer may go away: what was begun is finished, and then undone if need be.
    const never = new AbortController().signal;
    const tunnel = await tunnels.install(record, half, { needs, attachment }, never);
    attached.moveTo(new Scope('of the tunnel'));
    return tunnel;
  }

  async #forget(id: string): Promise<void> {
    const prepared = this.#prepared.get(id);
    if (prepared === undefined) return;
    this.#prepared.delete(id);
    clearTimeout(prepared.timer);
    this.#committing.add(prepared);
    try {
      const tunnel = await prepared.tunnel?.catch(() => undefined);
      if (tunnel !== undefined) await this.#options.tunnels.remove(tunnel);
      await prepared.needs[Symbol.asyncDispose]();
      await prepared.container[Symbol.asyncDispose]();
    } finally {
      this.#committing.delete(prepared);
      prepared.over();
    }
  }

  #find(id: string, owner: Owner): Tunnel | undefined {
    const tunnel = this.#options.tunnels.find(id);
    return tunnel !== undefined && isSame(tunnel.record, owner) ? tunnel : undefined;
  }

  #refuseBeyondShare(owner: Owner, before: Tunnel | undefined): string | undefined {
    const { list, range, ports } = this.#options.tunnels;
    const asked = {
      tunnels: list.filter((tunnel) => tunnel !== before).map(({ record }) => record),
      prepared: [...this.#prepared.values()].map(({ record }) => record),
      answering: [...this.#answering].map((one) => one.owner),
    };
    return refuseBeyondShare(owner, asked, { range, ports: ports.range });
  }
}
