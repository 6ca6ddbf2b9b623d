/**
 * An installed half of a WireGuard tunnel: counts, learns where its peer is now, goes away.
 *
 * Of wireguard-go it also sees to it that the program runs: one that has ended is started again with all that this half told it.
 */
import { setTimeout as after } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { WireguardPeer, WireguardPeerChange } from '../../sys/netlink/wireguard.ts';
import { failure } from '../failure.ts';
import type { Ground } from '../ground.ts';
import type { InstalledWireguard, TunnelStats, WireguardHalf, WireguardShape } from '../half.ts';
import { inspectParts, mendParts, type Part, removeParts } from '../part.ts';
import type { Watch, Watched } from '../watch/watch.ts';
import type { WireguardEngine } from './engine.ts';
import { GoEngine } from './go-engine.ts';
import { wireguardParts } from './parts.ts';
import { peerKey } from './recent-looks.ts';

/** Before each try to start a program again that has ended; then it is given up. */
const REVIVE_AFTER_MS = [50, 250, 1_000, 5_000, 15_000, 60_000] as const;

type Change = Parameters<InstalledWireguard['setPeer']>[0];

export class InstalledWireguardHalf implements InstalledWireguard, Watched {
  readonly #ground: Ground;
  readonly #engine: WireguardEngine;
  readonly #inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #watching: Disposable;
  readonly #ended = new AbortController();
  /** Aborts when nobody cares for the tunnel any more. */
  readonly #over = new AbortController();
  #half: WireguardHalf | WireguardShape;
  #watch: Disposable | undefined;
  #removing: Promise<void> | undefined;

  /**
   * @param half with its keys, for an engine that may have to be told them again
   * @param ground owned from now on
   * @param inTurn does one thing with tunnels at a time
   */
  constructor(
    half: WireguardHalf | WireguardShape,
    ground: Ground,
    engine: WireguardEngine,
    { inTurn, watch }: { readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>; readonly watch: Watch },
  ) {
    this.#half = half;
    this.#ground = ground;
    this.#engine = engine;
    this.#inTurn = inTurn;
    this.#watching = watch.add(this, ground.attached);
    this.#keep();
  }

  get shape(): WireguardShape {
    return withoutKeys(this.#half);
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  async stats(): Promise<TunnelStats> {
    return await this.#step('count', async () => {
      const peer = await this.#look();
      return {
        bytesIn: peer?.bytesIn ?? 0,
        bytesOut: peer?.bytesOut ?? 0,
        ...(peer?.lastHandshake === undefined ? {} : { lastHandshake: peer.lastHandshake }),
        ...(await this.#dropped()),
      };
    });
  }

  async #dropped(): Promise<Pick<TunnelStats, 'dropped'>> {
    const { arrivals } = this.#engine;
    if (arrivals === undefined) return {};
    const { stack } = this.#ground.inner;
    const { name, listenPort } = this.#half;
    const counted = await arrivals.dropped({ name, listenPort }, async () => (await stack.link(name))?.received);
    const link = await stack.linkAgain(name);
    return { dropped: Math.max(link?.dropped ?? 0, counted ?? 0) };
  }

  async setPeer(change: Change): Promise<void> {
    await this.#step('change the peer', async () => {
      const { name, peer } = this.#half;
      await this.#engine.changePeer(this.#ground.inner.stack, name, changeOf(peer.publicKey, change));
      this.#half = { ...this.#half, peer: { ...peer, ...change } };
    });
  }

  async missing(): Promise<readonly string[]> {
    return (await inspectParts(this.#parts())).missing;
  }

  remove(): Promise<void> {
    this.#stopKeeping();
    this.#removing ??= this.#inTurn(() => removeParts(this.#parts())).then(
      () => this.release(),
      (error: unknown) => {
        this.#removing = undefined;
        throw error;
      },
    );
    return this.#removing;
  }

  release(): void {
    this.#stopKeeping();
    this.#ground[Symbol.dispose]();
  }

  #parts(): Part[] {
    return wireguardParts(this.#half, this.#ground, this.#engine);
  }

  async #look(): Promise<WireguardPeer | undefined> {
    const { name, peer } = this.#half;
    const peers = await this.#engine.lookAgain(this.#ground.inner.stack, name);
    const [found] = peers?.of(peerKey(peer)) ?? [];
    if (found?.endpoint !== undefined) {
      // Where the peer was seen last is where it is looked for when the program had to be started again.
      const endpoint = { address: found.endpoint.host, port: found.endpoint.port };
      this.#half = { ...this.#half, peer: { ...peer, endpoint } };
    }
    return found;
  }

  async mend(): Promise<void> {
    if (!this.#over.signal.aborted) await mendParts(this.#parts());
  }

  /** WireGuard itself follows its peer. */
  moved(): Promise<void> {
    return Promise.resolve();
  }

  #stopKeeping(): void {
    this.#watching[Symbol.dispose]();
    this.#over.abort();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #keep(): void {
    if (!(this.#engine instanceof GoEngine) || this.#over.signal.aborted) return;
    this.#watch = this.#engine.watch(this.#half.name, () => void this.#revive());
  }

  async #revive(): Promise<void> {
    const { signal } = this.#over;
    let last: unknown;
    for (const milliseconds of REVIVE_AFTER_MS) {
      try {
        await after(milliseconds, undefined, { signal, ref: false });
        await this.#inTurn(() => this.#addMissing());
        return this.#keep();
      } catch (error) {
        if (signal.aborted) return;
        last = error;
      }
    }
    const message = `wireguard-go of ${this.#half.name} has ended, and cannot be started again`;
    this.#ended.abort(new WormholeError('WH_ERR_TUNNEL', message, { cause: last }));
  }

  async #addMissing(): Promise<void> {
    for (const part of this.#parts()) {
      if (this.#over.signal.aborted) return;
      if (!(await part.present())) await part.add();
    }
  }

  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failure(error, `tunnel to ${this.#half.overlay.remote}: cannot ${what}`);
    }
  }
}

const changeOf = (publicKey: Buffer, { endpoint, presharedKey, keepaliveSeconds }: Change): WireguardPeerChange => ({
  publicKey,
  ...(endpoint === undefined ? {} : { endpoint: { host: endpoint.address, port: endpoint.port } }),
  ...(presharedKey === undefined ? {} : { presharedKey }),
  ...(keepaliveSeconds === undefined ? {} : { keepaliveSeconds }),
});

function withoutKeys({ kind, engine, name, listenPort, peer, overlay, mtu, netns }: WireguardShape): WireguardShape {
  const { publicKey, endpoint, keepaliveSeconds } = peer;
  return {
    kind,
    engine,
    name,
    listenPort,
    peer: {
      publicKey,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(keepaliveSeconds === undefined ? {} : { keepaliveSeconds }),
    },
    overlay,
    ...(mtu === undefined ? {} : { mtu }),
    ...(netns === undefined ? {} : { netns }),
  };
}
