/**
 * Asking peers for tunnels, one at a time for each peer: for people and wormholes, who get the one that is there, and again
 * for tunnels that were lost.
 */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { WormholeError } from '../../lib/errors.ts';
import { checkMtu, conflict } from '../../tunnel/negotiation.ts';
import { literalOf } from '../peers/allowed-endpoints.ts';
import { placeOf, type Whose } from '../peers/owner.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Attachment } from './attachment.ts';
import type { Creating, Wish } from './creating.ts';
import type { Ensure } from './ensure.ts';
import type { HalfCalls } from './half-calls.ts';
import { serves, wanted } from './kinds.ts';
import type { TunnelRecord } from './record.ts';
import type { Tunnel } from './tunnel.ts';
import type { Places, Tunnels } from './tunnels.ts';

export interface AskingOptions {
  readonly tunnels: Tunnels;
  readonly creating: Creating;
  readonly peers: Pick<Peers, 'at'>;
  readonly callsTo: (peer: Pick<Peer, 'name' | 'up'>) => HalfCalls;
  readonly attach: (container: string) => Promise<Attachment>;
  /** The peer of a tunnel. */
  readonly peerOf: (tunnel: Tunnel) => Peer;
  /** Id of this daemon, as peers know it. */
  readonly host: string;
}

export class Asking {
  readonly #options: AskingOptions;
  /** Peer → what is being made with it from here. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** Something is being made with that peer from here. */
  isAsking(whose: Whose): boolean {
    return this.#turns.has(placeOf(whose));
  }

  /** @throws {WormholeError} whatever keeps it from working; nothing is left of it then */
  async ensure(request: Ensure, signal: AbortSignal): Promise<Tunnel> {
    if (request.mtu !== undefined) checkMtu(request.mtu);
    const { peers, tunnels, host } = this.#options;
    const peer = peers.at(request.peer);
    using _wish = peer.want(request.allow);
    let link: LinkFacts;
    try {
      link = await peer.up(signal);
    } catch (error) {
      // It may be up all the same: it needs no link.
      const there = tunnels.list.find(({ record }) => isWith(record, peer) && isBetween(record, request));
      if (there?.complete === true && differenceOf(there.record, request) === undefined) return there;
      throw error;
    }
    request.allow?.(literalOf(link.address));
    if (link.host === host) throw new WormholeError('WH_ERR_SELF_PROXY', `${peer.name} is this daemon`);
    return await this.#inTurn(placeOf(link), () => this.#ensure(peer, link, request, signal));
  }

  /** The same again, with new keys. @throws {WormholeError} */
  async remake(tunnel: Tunnel, signal: AbortSignal): Promise<void> {
    const { tunnels, peerOf, callsTo } = this.#options;
    const peer = peerOf(tunnel);
    const link = await peer.up(signal);
    const { host, identity, kind, mtu } = tunnel.record;
    if (link.host !== host || link.identity !== identity) {
      const reason = `${peer.name} is another daemon now`;
      tunnel.troubled({ state: 'stale', reason, lost: false });
      return;
    }
    await this.#inTurn(placeOf(link), async () => {
      if (tunnels.find(tunnel.id) !== tunnel || tunnel.trouble?.lost !== true) return;
      const wish = { ...placesOf(tunnel.record), kinds: [kind], ...(mtu !== undefined && { mtu }) };
      await this.#make(peer, callsTo(peer), wish, tunnel, signal);
    });
  }

  /** Resolves when nothing is being made. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#turns.values());
  }

  async #ensure(peer: Peer, link: LinkFacts, request: Ensure, signal: AbortSignal): Promise<Tunnel> {
    const places = placesOf(request);
    const there = this.#options.tunnels.between(link, places);
    const calls = this.#options.callsTo(peer);
    if (there?.complete === true) {
      const difference = differenceOf(there.record, request);
      if (difference !== undefined) throw conflict('kind', difference);
      const half = await calls.get(there.id, signal).catch(() => undefined);
      if (half === undefined || half.state === 'complete') return there;
    }
    const { mtu } = request;
    const wish = { ...places, kinds: wanted(request), ...(mtu !== undefined && { mtu }) };
    return await this.#make(peer, calls, wish, there, signal);
  }

  async #make(
    peer: Peer,
    calls: HalfCalls,
    wish: Wish,
    there: Tunnel | undefined,
    signal: AbortSignal,
  ): Promise<Tunnel> {
    const { creating, attach } = this.#options;
    const known = there?.attachment;
    const attachment = known ?? (wish.attach === undefined ? undefined : await attach(wish.attach));
    try {
      const made = await creating.make(peer, calls, wish, { there, attachment }, signal);
      // The peer may have asked for it first.
      if (attachment !== known && made.attachment !== attachment) await attachment?.[Symbol.asyncDispose]();
      return made;
    } catch (error) {
      if (attachment !== known) await attachment?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #inTurn<T>(place: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(place) ?? Promise.resolve()).then(work, work);
    const quiet = mine.catch(() => undefined);
    this.#turns.set(place, quiet);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(place) === quiet) this.#turns.delete(place);
    }
  }
}

/** Somebody else may have called itself so. */
function isWith({ peer, identity }: TunnelRecord, { name, known }: Peer): boolean {
  return peer === name && identity === known.identity;
}

/** Why the tunnel that is there is not what somebody wants; undefined when it is. */
function differenceOf({ kind, mtu, peer }: TunnelRecord, request: Ensure): string | undefined {
  const first = `wormhole tunnel-delete ${peer} first`;
  if (!serves(kind, request)) return `there is a tunnel of kind ${kind} to ${peer}; ${first}`;
  if (request.mtu === undefined || request.mtu === mtu) return undefined;
  return `there is a tunnel to ${peer} with ${mtu === undefined ? 'another MTU' : `an MTU of ${mtu}`}; ${first}`;
}

function placesOf({ attach, peerAttach }: Places): Places {
  return { ...(attach !== undefined && { attach }), ...(peerAttach !== undefined && { peerAttach }) };
}

function isBetween(record: Places, { attach, peerAttach }: Places): boolean {
  return record.attach === attach && record.peerAttach === peerAttach;
}
