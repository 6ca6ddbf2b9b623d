/**
 * All tunnels of this host: installed, remembered, taken up again, taken away.
 *
 * One for each peer and pair of places that its ends are in. Owns the records and the halves; what is said to the other
 * end is `creating.ts`, and what is answered to it `answers.ts`.
 */
import { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import type { Abilities, InstalledHalf, TunnelHalf, TunnelKernel } from '../../tunnel/half.ts';
import type { OverlayRange } from '../../tunnel/overlay.ts';
import type { Logger } from '../log.ts';
import { isSame, type Whose } from '../peers/owner.ts';
import type { Attachment } from './attachment.ts';
import { Interfaces } from './interfaces.ts';
import type { Ports } from './ports.ts';
import type { TunnelRecord } from './record.ts';
import type { TunnelStore } from './store.ts';
import { type Standing, Tunnel } from './tunnel.ts';
import { usedAddresses } from './used-addresses.ts';

/** Milliseconds for which it is believed what this host can do. */
const ASK_MS = 5_000;

export interface TunnelsOptions {
  /** Loaded when the first tunnel needs it. */
  readonly kernel: () => Promise<TunnelKernel>;
  readonly store: Pick<TunnelStore, 'load' | 'save'>;
  readonly range: OverlayRange;
  readonly ports: Ports;
  readonly log: Logger;
  /** A tunnel has ended by itself, and can be made again with its peer. */
  readonly onLost: (tunnel: Tunnel) => void;
  /** There are others than before. */
  readonly onChange: () => void;
}

/** Where the two ends are; absent = the host. */
export interface Places {
  readonly attach?: string;
  readonly peerAttach?: string;
}

export class Tunnels {
  readonly ports: Ports;
  readonly interfaces: Interfaces;
  readonly range: OverlayRange;
  readonly kernel: () => Promise<TunnelKernel>;
  readonly #options: TunnelsOptions;
  readonly #tunnels = new Map<string, Tunnel>();
  /** Overlay addresses that a negotiation under way may come to. */
  readonly #reserved = new Map<string, number>();
  #abilities: Promise<Abilities> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TunnelsOptions) {
    this.#options = options;
    this.kernel = options.kernel;
    this.range = options.range;
    this.ports = options.ports;
    this.interfaces = new Interfaces(options.ports);
  }

  get list(): readonly Tunnel[] {
    return [...this.#tunnels.values()];
  }

  find(id: string): Tunnel | undefined {
    return this.#tunnels.get(id);
  }

  /** What this host can do, as it was some seconds ago at most: to find out takes a while. */
  async abilities(): Promise<Abilities> {
    if (performance.now() - this.#askedAt >= ASK_MS) {
      this.#askedAt = performance.now();
      this.#abilities = this.kernel().then((kernel) => kernel.abilities());
      this.#abilities.catch(() => {
        this.#askedAt = Number.NEGATIVE_INFINITY;
      });
    }
    return await (this.#abilities as Promise<Abilities>);
  }

  /** The one with that peer, between those places. */
  between(whose: Whose, places: Places): Tunnel | undefined {
    return this.list.find(({ record }) => isSame(record, whose) && isBetween(record, places));
  }

  /** Which overlay addresses are something else's than that tunnel's, at this moment. */
  usedBut(except: Tunnel | undefined): (address: string) => boolean {
    return usedAddresses(this.list, this.#reserved.keys(), except);
  }

  /** Nobody else takes those overlay addresses until disposed. */
  reserve(...addresses: readonly string[]): Disposable {
    for (const address of addresses) this.#reserved.set(address, (this.#reserved.get(address) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        for (const address of addresses) {
          const left = (this.#reserved.get(address) ?? 1) - 1;
          if (left === 0) this.#reserved.delete(address);
          else this.#reserved.set(address, left);
        }
      },
    };
  }

  /**
   * Installs a half, in place of the one between the same places if there is one; not complete before {@link complete}.
   *
   * @param needs of the half, taken over also when it fails
   * @param attachment taken over when it succeeds
   * @throws {WormholeError} nothing of it is left then; one that was replaced is stale
   */
  async install(
    record: TunnelRecord,
    half: TunnelHalf,
    { needs, attachment }: { readonly needs: Scope; readonly attachment: Attachment | undefined },
    signal: AbortSignal,
  ): Promise<Tunnel> {
    await using attempt = new Scope(`tunnel ${record.id}`);
    attempt.use(needs);
    const kernel = await this.kernel();
    const before = this.between(record, record);
    const tunnel = new Tunnel(record);
    tunnel.replaces = before;
    if (before !== undefined) {
      const reason = 'it was to be made anew, and could not be';
      await this.clear(before);
      before.troubled({ state: 'stale', reason, lost: true });
      this.#tunnels.delete(before.id);
    }
    this.#tunnels.set(record.id, tunnel);
    try {
      // Before the first step: what a crash leaves is found by it.
      await this.#save();
      const installed: InstalledHalf = await kernel.install(half, signal);
      const scope = new Scope(`tunnel ${record.id}`);
      attempt.moveTo(scope);
      this.stands(tunnel, { installed, scope });
      tunnel.attachment = attachment;
      return tunnel;
    } catch (error) {
      await this.#putBack(tunnel);
      throw error;
    }
  }

  /** Nothing came of it at the other end. @throws what would not go */
  async undo(tunnel: Tunnel): Promise<void> {
    try {
      await this.clear(tunnel);
    } finally {
      await this.#putBack(tunnel);
    }
  }

  /** Both ends have it. @throws {WormholeError} WH_ERR_STATE */
  async complete(tunnel: Tunnel): Promise<void> {
    await this.changed(tunnel, { phase: 'complete' });
    const { replaces } = tunnel;
    tunnel.replaces = undefined;
    if (replaces?.attachment !== tunnel.attachment) await replaces?.attachment?.[Symbol.asyncDispose]();
    const { peer, kind, shape } = tunnel.record;
    this.#options.log.info({ tunnel: tunnel.id, peer, kind, ...shape.overlay }, 'a tunnel is up');
  }

  async changed(tunnel: Tunnel, change: Partial<Pick<TunnelRecord, 'phase' | 'freshAt'>>): Promise<void> {
    tunnel.record = { ...tunnel.record, ...change };
    if (this.#tunnels.get(tunnel.id) === tunnel) await this.#save();
  }

  /**
   * Takes away what is here of a tunnel, whole or not, and forgets it.
   *
   * @throws what would not go; it is forgotten all the same, and `tunnel-gc` finds what is left
   */
  async remove(tunnel: Tunnel): Promise<void> {
    if (this.#tunnels.get(tunnel.id) !== tunnel) return;
    try {
      await this.clear(tunnel);
    } finally {
      this.#tunnels.delete(tunnel.id);
      await tunnel.attachment?.[Symbol.asyncDispose]();
      await this.#save();
      const { peer, shape } = tunnel.record;
      this.#options.log.info({ tunnel: tunnel.id, peer, ...shape.overlay }, 'a tunnel was removed');
    }
  }

  /** Lists the tunnels of before; `adopt.ts` finds out what there is of each. */
  load(): readonly Tunnel[] {
    for (const record of this.#options.store.load()) this.#tunnels.set(record.id, new Tunnel(record));
    this.#options.onChange();
    return this.list;
  }

  /** It is none, and never was one: nobody was told of it. */
  async forget(tunnel: Tunnel): Promise<void> {
    this.#tunnels.delete(tunnel.id);
    await tunnel.attachment?.[Symbol.asyncDispose]();
    await this.#save();
  }

  /** Takes away what is there of it, whole or not, in the host and in its container. @throws what would not go */
  async clear(tunnel: Tunnel): Promise<void> {
    if (tunnel.installed !== undefined) return await tunnel.takeDown();
    using netns = tunnel.attachment?.whereabouts();
    await (await this.kernel()).sweep({ ...tunnel.record.shape, ...(netns !== undefined && { netns }) });
  }

  /** Something happens to it by itself from now on. */
  stands(tunnel: Tunnel, standing: Standing): void {
    tunnel.stands(standing, () => this.#options.onLost(tunnel));
  }

  /** The daemon ends, the tunnels stay. */
  async release(): Promise<void> {
    for (const tunnel of this.list) {
      await tunnel.attachment?.[Symbol.asyncDispose]();
      await tunnel.release();
    }
  }

  /** The one that it was to replace is there again, to be made anew later. */
  async #putBack(tunnel: Tunnel): Promise<void> {
    const { replaces } = tunnel;
    if (this.#tunnels.get(tunnel.id) === tunnel) {
      this.#tunnels.delete(tunnel.id);
      if (replaces !== undefined) this.#tunnels.set(replaces.id, replaces);
    }
    await this.#save().catch((err: unknown) => this.#options.log.error({ err }, 'tunnels cannot be remembered'));
    if (replaces !== undefined) this.#options.onLost(replaces);
  }

  async #save(): Promise<void> {
    this.#options.onChange();
    await this.#options.store.save(this.list.map(({ record }) => record));
  }
}

export function notFound(what: string): WormholeError {
  return new WormholeError('WH_ERR_TUNNEL_NOT_FOUND', `there is no tunnel ${what}`);
}

const isBetween = (record: Places, { attach, peerAttach }: Places): boolean =>
  record.attach === attach && record.peerAttach === peerAttach;
