/**
 * Making a tunnel with a peer, from the end that asks for it: two round trips on the link, and both ends have it or neither.
 *
 *   own end made ─► offer ─► answer ─► own half installed ─► commit ─► complete
 *        │              └─ the peer installs its half meanwhile ┘
 *        └──────── any failure: own half away, the peer told ◄──────┘
 *
 * What two ends that ask each other at once come to: the one with the lower host id goes on, the other gets its tunnel.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import type { TunnelAnswer, TunnelKind, TunnelOffer } from '../../spec/api.ts';
import { type Agreed, type Ground, judgeAnswer } from '../../tunnel/negotiation.ts';
import { freePairs, type OverlayPair } from '../../tunnel/overlay.ts';
import type { Logger } from '../log.ts';
import { literalOf } from '../peers/allowed-endpoints.ts';
import type { Peer } from '../peers/peer.ts';
import type { Policies } from '../policy/policies.ts';
import type { Attachment } from './attachment.ts';
import type { HalfCalls } from './half-calls.ts';
import { cannotHave } from './kinds.ts';
import { makeOwnEnd, type OwnAddresses } from './own-ends.ts';
import { makeHalf, type OwnEnd, tell } from './own-half.ts';
import { recordOf } from './record-of.ts';
import type { Tunnel } from './tunnel.ts';
import type { Places, Tunnels } from './tunnels.ts';

/** Attempts to come to an agreement, and pairs of addresses that one offer proposes. */
const ATTEMPTS = 5;
/** Milliseconds before the second attempt, twice as long before each next one: one of two links may have to go first. */
const PAUSE_MS = 20;
const PAIRS = 16;
/** Milliseconds that the other end is told that nothing came of it. */
const UNDO_MS = 5_000;

export interface Wish extends Places {
  readonly kinds: readonly TunnelKind[];
  readonly mtu?: number;
}

export interface CreatingOptions {
  readonly tunnels: Tunnels;
  readonly addresses: OwnAddresses;
  /** Id of this daemon, as peers know it. */
  readonly host: string;
  readonly log: Logger;
  /** What the peer says of itself its policy is asked about, also where this end has asked for the tunnel. */
  readonly reach: Policies['tunnelTo'];
  /** Resolves when no offer of that peer is being carried out here; see `answers.ts`. */
  readonly answered: (link: LinkFacts, signal: AbortSignal) => Promise<void>;
}

export class Creating {
  readonly #options: CreatingOptions;

  constructor(options: CreatingOptions) {
    this.#options = options;
  }

  /**
   * Makes a tunnel, in place of the one between the same places if there is one.
   *
   * @param from the tunnel that is to be replaced, and the container that this end is in, taken over when it succeeds
   * @throws {WormholeError} nothing of it is left then
   */
  async make(
    peer: Peer,
    calls: HalfCalls,
    wish: Wish,
    { there, attachment }: { readonly there: Tunnel | undefined; readonly attachment: Attachment | undefined },
    signal: AbortSignal,
  ): Promise<Tunnel> {
    const refused = new Set<string>();
    let failure: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const link = await peer.up(signal);
      // What the peer has asked for itself comes first.
      await this.#options.answered(link, signal);
      const now = this.#options.tunnels.between(link, wish);
      if (now !== there && now?.complete === true) return now;
      try {
        return await this.#attempt({ peer, link, calls, wish, attachment, refused, signal });
      } catch (error) {
        failure = error;
        if (signal.aborted || !WormholeError.is(error) || error.code !== 'WH_ERR_TUNNEL_CONFLICT') throw error;
        this.#options.log.debug({ err: error, peer: peer.name }, 'no agreement about a tunnel; trying again');
        await sleep(PAUSE_MS * 2 ** attempt, undefined, { signal }).catch(() => undefined);
      }
    }
    throw failure;
  }

  async #attempt(one: Attempt): Promise<Tunnel> {
    const { peer, link, calls, wish, attachment, refused, signal } = one;
    const { tunnels, addresses } = this.#options;
    const far = literalOf(link.address);
    await using needs = new Scope('tunnel');
    const netns = attachment === undefined ? undefined : needs.use(attachment.namespace());
    const kinds = await this.#possible(wish, far);
    const end = await makeOwnEnd({ kinds, far, mtu: wish.mtu, netns }, tunnels, addresses, needs);
    const offer = this.#offer(link, wish, kinds, end, refused);
    const ground = this.#ground(link, wish);
    const answer = await calls.offer(offer, signal);
    const agreed = await this.#judge(answer, offer, ground, calls);
    end.settle(agreed.kind);
    using _reserved = tunnels.reserve(agreed.overlay.local, agreed.overlay.remote);
    const sight = { far, own: answer.seen };
    const half = makeHalf({ ...wish, id: offer.id, agreed, end, sight, offered: true, ...(netns && { netns }) });
    const told = {
      id: offer.id,
      peer: peer.name,
      dialed: true,
      whose: link,
      agreed,
      half,
      places: wish,
      driver: true,
      mtu: wish.mtu,
    };
    const record = recordOf(told);
    return await this.#install(one, record, half, needs).catch((error: unknown) => {
      // The next attempt takes another port by itself, and a tunnel that is made again is to keep its addresses.
      const port = WormholeError.is(error) && error.detail['conflict'] === 'port';
      for (const address of port ? [] : Object.values(agreed.overlay)) refused.add(address);
      throw error;
    });
  }

  /** @throws {WormholeError} as `judgeAnswer`; the peer is told, which has installed its half by now */
  async #judge(answer: TunnelAnswer, offer: TunnelOffer, ground: Ground, calls: HalfCalls): Promise<Agreed> {
    try {
      return judgeAnswer(answer, offer, ground);
    } catch (error) {
      await this.#takeBack(offer.id, calls);
      throw error;
    }
  }

  async #takeBack(id: string, calls: HalfCalls): Promise<void> {
    using limit = new Deadline(UNDO_MS);
    await calls.remove(id, limit.signal).catch((err: unknown) => {
      this.#options.log.debug({ err, tunnel: id }, 'the peer could not be told that nothing came of a tunnel');
    });
  }

  async #install(
    { calls, attachment, signal }: Attempt,
    record: ReturnType<typeof recordOf>,
    half: ReturnType<typeof makeHalf>,
    needs: Scope,
  ): Promise<Tunnel> {
    const { tunnels, log } = this.#options;
    const lasting = new Scope(`tunnel ${record.id}`);
    needs.moveTo(lasting);
    const install = (): Promise<Tunnel> => tunnels.install(record, half, { needs: lasting, attachment }, signal);
    let tunnel: Tunnel | undefined;
    try {
      // Who is behind NAT speaks first, and is not heard before the other one listens.
      const speaks = half.kind === 'wireguard' && (half.peer.keepaliveSeconds ?? 0) > 0;
      if (!speaks) tunnel = await install();
      await calls.commit(record.id, signal);
      tunnel ??= await install();
      await tunnels.complete(tunnel);
      return tunnel;
    } catch (error) {
      const told = this.#takeBack(record.id, calls);
      if (tunnel === undefined) await lasting[Symbol.asyncDispose]();
      else {
        tunnel.attachment = undefined;
        await tunnels.undo(tunnel).catch((err: unknown) => {
          log.error({ err, tunnel: record.id }, 'parts of a tunnel are left; wormhole tunnel-gc removes them');
        });
      }
      await told;
      throw error;
    }
  }

  /** Of the kinds that were asked for, those that this host can have. @throws {WormholeError} WH_ERR_KERNEL */
  async #possible({ kinds, attach }: Wish, far: string): Promise<readonly TunnelKind[]> {
    const abilities = await this.#options.tunnels.abilities();
    const reasons = new Map(
      kinds.map((kind) => [kind, cannotHave(abilities, kind, { attached: attach !== undefined, far })]),
    );
    const possible = kinds.filter((kind) => reasons.get(kind) === undefined);
    if (possible.length > 0) return possible;
    throw new WormholeError('WH_ERR_KERNEL', [...new Set(reasons.values())].join('; '));
  }

  #offer(link: LinkFacts, wish: Wish, kinds: readonly TunnelKind[], end: OwnEnd, refused: Set<string>): TunnelOffer {
    const { tunnels, host } = this.#options;
    const { attach, peerAttach, mtu } = wish;
    const own = tunnels.between(link, wish);
    const others = tunnels.usedBut(own);
    const used = (address: string): boolean => refused.has(address) || others(address);
    const seed = `${link.host} ${peerAttach ?? ''}`;
    const found = freePairs(tunnels.range, [`${host} ${attach ?? ''}`, seed], used, PAIRS);
    const kept = own === undefined || refused.has(own.record.shape.overlay.local) ? [] : [own.record.shape.overlay];
    const mine = ({ low, high }: OverlayPair): string[] => (host < link.host ? [low, high] : [high, low]);
    const pairs = [...kept.map(({ local, remote }) => [local, remote]), ...found.map(mine)].slice(0, PAIRS);
    if (pairs.length === 0) {
      const { network, bits } = tunnels.range;
      throw new WormholeError(
        'WH_ERR_LIMIT',
        `no overlay address of ${network}/${bits} is free; give all hosts a wider -C, or one that is no network of theirs`,
      );
    }
    return {
      id: randomBytes(8).toString('hex'),
      kinds: [...kinds],
      pairs,
      seen: literalOf(link.address),
      ...tell(end, kinds),
      ...(peerAttach !== undefined && { attach: peerAttach }),
      ...(attach !== undefined && { from: attach }),
      ...(mtu !== undefined && { mtu }),
    };
  }

  #ground(link: LinkFacts, wish: Wish): Ground {
    const { tunnels } = this.#options;
    const own = tunnels.between(link, wish);
    return {
      range: tunnels.range,
      isUsed: (address) => tunnels.usedBut(own)(address),
      cannot: () => undefined,
      far: literalOf(link.address),
      reach: (...to) => this.#options.reach(link.identity, ...to),
    };
  }
}

interface Attempt {
  readonly peer: Peer;
  readonly link: LinkFacts;
  readonly calls: HalfCalls;
  readonly wish: Wish;
  readonly attachment: Attachment | undefined;
  /** Overlay addresses that did not do. */
  readonly refused: Set<string>;
  readonly signal: AbortSignal;
}
