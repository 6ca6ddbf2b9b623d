/**
 * Tunnels of this host, put together: asked for by its people, by wormholes and by peers; kept, and given new keys.
 */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { Deadline, within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { parseAddress } from '../../spec/address.ts';
import type { TunnelKernel } from '../../tunnel/half.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../log.ts';
import type { Owner, Whose } from '../peers/owner.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Policies } from '../policy/policies.ts';
import type { Surroundings } from '../surroundings.ts';
import { adopt } from './adopt.ts';
import { Answers } from './answers.ts';
import { Asking } from './asking.ts';
import { Attachment, type Judge } from './attachment.ts';
import { Creating } from './creating.ts';
import type { Ensure } from './ensure.ts';
import type { HalfCalls } from './half-calls.ts';
import { Keeping } from './keeping.ts';
import { linkOf, mayDial, nameOf } from './other-end.ts';
import { Ports } from './ports.ts';
import { Rekeying, type RekeyLimits } from './rekeying.ts';
import { TunnelStore } from './store.ts';
import type { Tunnel } from './tunnel.ts';
import { Tunnels } from './tunnels.ts';
import { Wishes } from './wishes.ts';

/** Milliseconds that a peer has to be told of its end. */
const TELL_MS = 5_000;

export interface TunnelingOptions {
  readonly settings: Pick<Settings, 'stateDir' | 'tunnels'>;
  readonly kernel: () => Promise<TunnelKernel>;
  /** Id of this daemon, as peers know it. */
  readonly host: string;
  readonly peers: Pick<Peers, 'at' | 'list' | 'links'>;
  /** What can be asked of a peer; see `half-calls.ts`. */
  readonly callsTo: (peer: Pick<Peer, 'name' | 'up'>) => HalfCalls;
  readonly policies: Pick<Policies, 'tunnel' | 'tunnelEnd' | 'tunnelTo'>;
  readonly follow: Surroundings['follow'];
  readonly log: Logger;
  readonly rekey?: Partial<RekeyLimits>;
}

export class Tunneling implements AsyncDisposable {
  readonly tunnels: Tunnels;
  readonly answers: Answers;
  readonly rekeying: Rekeying;
  readonly #options: TunnelingOptions;
  readonly #asking: Asking;
  readonly #keeping: Keeping;
  readonly #wishes: Wishes;
  #restored: Promise<void> = Promise.resolve();

  constructor(options: TunnelingOptions) {
    this.#options = options;
    const { settings, kernel, host, peers, callsTo, log, policies } = options;
    const { cidr: range, ports, ...addresses } = settings.tunnels;
    const attach = (container: string, identity?: string): Promise<Attachment> => this.#attach(container, identity);
    const reach: Policies['tunnelTo'] = (...asked) => policies.tunnelTo(...asked);
    this.#wishes = new Wishes(peers, log);
    const tunnels: Tunnels = new Tunnels({
      kernel,
      store: new TunnelStore(settings.stateDir, log),
      range,
      ports: new Ports(ports),
      log,
      onLost: (tunnel) => this.#keeping.lost(tunnel),
      onChange: () => this.#wishes.follow(tunnels.list),
    });
    this.tunnels = tunnels;
    this.rekeying = new Rekeying({
      tunnels,
      log,
      linkedTo: ({ record }) => this.linkedTo(record),
      ...(options.rekey !== undefined && { limits: options.rekey }),
    });
    this.answers = new Answers({
      tunnels,
      addresses,
      linkOf: ({ link }) => linkOf(peers, link),
      nameOf: (link) => nameOf(peers, link),
      goesFirst: (whose) => this.#asking.isAsking(whose) && host < whose.host,
      allow: (...asked) => policies.tunnel(...asked),
      reach,
      attach,
      rekeying: this.rekeying,
    });
    const answered: Answers['settled'] = (whose, signal) => this.answers.settled(whose, signal);
    const creating = new Creating({ tunnels, addresses, host, log, answered, reach });
    this.#asking = new Asking({
      tunnels,
      creating,
      peers,
      callsTo,
      attach,
      peerOf: (tunnel) => this.peerOf(tunnel),
      host,
    });
    this.#keeping = new Keeping({
      tunnels: () => tunnels,
      remake: (tunnel, signal) => this.#asking.remake(tunnel, signal),
      callsOn: (link) => callsTo({ name: link.name, up: () => Promise.resolve(link) }),
      log,
    });
  }

  /** Resolves when what there is of the tunnels of before is known; nothing is said about them sooner. */
  get restored(): Promise<void> {
    return this.#restored;
  }

  /** Takes up the tunnels of before; what is not there is made again when its peer is linked. */
  restore(): Promise<void> {
    this.#restored = this.#restore();
    return this.#restored;
  }

  /** @throws {WormholeError} whatever keeps it from working; nothing is left of it then */
  async ensure(request: Ensure, signal: AbortSignal): Promise<Tunnel> {
    await within(signal, this.#restored);
    const tunnel = await this.#asking.ensure(request, signal);
    this.rekeying.start();
    return tunnel;
  }

  /** Overlay address of this end of the tunnel of the host itself with a peer. @throws {WormholeError} WH_ERR_TUNNEL_NOT_FOUND */
  overlayWith(owner: Owner): string {
    const tunnel = this.tunnels.between(owner, {});
    if (tunnel !== undefined) return tunnel.record.shape.overlay.local;
    throw new WormholeError('WH_ERR_TUNNEL_NOT_FOUND', `there is no tunnel with ${owner.name}`);
  }

  /** A daemon is linked. */
  linked(link: LinkFacts): void {
    void this.#restored.then(() => this.#keeping.linked(link));
    this.answers.linked(link);
  }

  /** Who has that identity is a stranger: takes away what there is of tunnels with it, and says so as long as it can. */
  async part(identity: string): Promise<void> {
    const { log } = this.#options;
    await this.#restored.catch(() => undefined);
    const theirs = this.tunnels.list.filter(({ record }) => record.identity === identity);
    await Promise.all(
      theirs.map(async (tunnel) => {
        using limit = new Deadline(TELL_MS);
        const told = this.linkedTo(tunnel.record)
          ?.remove(tunnel.id, limit.signal)
          .catch(() => undefined);
        await this.tunnels.remove(tunnel).catch((err: unknown) => {
          log.error({ err, tunnel: tunnel.id }, 'parts of a tunnel are left; wormhole tunnel-gc removes them');
        });
        await told;
      }),
    );
  }

  /** What can be asked of the other end of a tunnel now; undefined without a link. */
  linkedTo(whose: Whose): HalfCalls | undefined {
    const { peers, callsTo } = this.#options;
    const link = peers.links.findLast(({ host, identity }) => host === whose.host && identity === whose.identity);
    return link === undefined ? undefined : callsTo({ name: link.name, up: () => Promise.resolve(link) });
  }

  /** The same, linked for it if need be. @throws {WormholeError} each call, why it cannot be linked */
  callsTo(tunnel: Tunnel): HalfCalls {
    return this.linkedTo(tunnel.record) ?? this.#options.callsTo(this.peerOf(tunnel));
  }

  /** @throws {WormholeError} */
  peerOf({ record }: Tunnel): Peer {
    const { peers } = this.#options;
    if (mayDial(record)) return peers.at(parseAddress(record.peer));
    const peer = peers.list.find(({ name, known }) => name === record.peer && known.identity === record.identity);
    if (peer !== undefined) return peer;
    throw new WormholeError('WH_ERR_PEER_UNREACHABLE', `peer ${record.peer} cannot be dialed, and has not joined`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rekeying[Symbol.dispose]();
    this.#keeping[Symbol.dispose]();
    await this.answers[Symbol.asyncDispose]();
    await this.#asking.settled();
    this.#wishes[Symbol.dispose]();
    await this.tunnels.release();
  }

  async #restore(): Promise<void> {
    for (const tunnel of this.tunnels.load()) {
      try {
        if (!(await this.#restoreOne(tunnel))) this.#keeping.lost(tunnel);
      } catch (err) {
        this.#options.log.error({ err, tunnel: tunnel.id }, 'a tunnel of before could not be taken up');
        const reason = WormholeError.is(err) ? err.message : String(err);
        tunnel.troubled({ state: 'stale', reason, lost: true });
        this.#keeping.lost(tunnel);
      }
    }
    if (this.tunnels.list.length > 0) this.rekeying.start();
  }

  /** @returns false when it is lost */
  async #restoreOne(tunnel: Tunnel): Promise<boolean> {
    const { attach, driver, identity, phase } = tunnel.record;
    // What our own people have asked for needs nobody's leave.
    const whose = driver ? undefined : identity;
    if (attach !== undefined) tunnel.attachment = await this.#attach(attach, whose);
    const { attachment } = tunnel;
    const problem = attachment === undefined ? this.#denial(whose) : attachment.problem;
    if (phase === 'complete' && problem === undefined) {
      return await adopt(this.tunnels, tunnel, attachment?.namespace());
    }
    await this.tunnels.clear(tunnel);
    if (phase === 'installing') await this.tunnels.forget(tunnel);
    else if (attachment !== undefined) await this.#keeping.moved(tunnel);
    else tunnel.troubled({ state: 'stale', reason: problem?.message ?? '', lost: false });
    return true;
  }

  /** Why the host has no tunnel with that peer any more; undefined when it may. */
  #denial(identity: string | undefined): WormholeError | undefined {
    if (identity === undefined) return undefined;
    try {
      this.#options.policies.tunnelEnd(identity, undefined);
      return undefined;
    } catch (error) {
      if (WormholeError.is(error)) return error;
      throw error;
    }
  }

  /** @param identity of the peer that has asked for it; absent = our own people have */
  async #attach(container: string, identity?: string): Promise<Attachment> {
    const { policies } = this.#options;
    const judge: Judge = (place) => {
      if (identity !== undefined) policies.tunnelEnd(identity, place);
    };
    const onMove = (): void => {
      const tunnel = this.tunnels.list.find((one) => one.attachment === attachment);
      if (tunnel !== undefined) void this.#keeping.moved(tunnel);
    };
    const attachment: Attachment = await Attachment.follow(container, this.#options, onMove, judge);
    return attachment;
  }
}
