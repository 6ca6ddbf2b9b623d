/**
 * Tunnels in the kernel of this host: installs halves, takes them up after a restart, takes them away.
 *
 * One change at a time: halves may share an interface and the guard's table. What it installs belongs to the kernel and to whoever
 * removes it; closing this object leaves all tunnels as they are.
 */
import { WormholeError } from '../lib/errors.ts';
import type { NetNamespace } from '../sys/netns.ts';
import { abilitiesOf } from './abilities.ts';
import { checkHalf, checkShape } from './check-half.ts';
import { Holding } from './encapsulation/holding.ts';
import { failure } from './failure.ts';
import { type Ground, type GuardedStack, groundOf } from './ground.ts';
import { Guard } from './guard.ts';
import type {
  Abilities,
  Ability,
  InstalledHalf,
  InstalledOf,
  OverlayRange,
  Remain,
  TunnelHalf,
  TunnelKernel,
  TunnelShape,
} from './half.ts';
import { InstalledIpsecHalf } from './ipsec/installed.ts';
import { withoutKeys, withPorts } from './ipsec/name.ts';
import { ipsecParts } from './ipsec/parts.ts';
import { addParts, inspectParts, mendParts, type Part, removeParts } from './part.ts';
import { lookAround } from './remains/look.ts';
import { remainsOf } from './remains/remains.ts';
import { NetworkStack } from './stack.ts';
import { Watch } from './watch/watch.ts';
import { Arrivals } from './wireguard/arrivals.ts';
import { GoEngine } from './wireguard/go-engine.ts';
import { InstalledWireguardHalf } from './wireguard/installed.ts';
import { KernelEngine } from './wireguard/kernel-engine.ts';
import { wireguardParts } from './wireguard/parts.ts';

export interface KernelOptions {
  /** Of the host, absent = the calling thread's. Borrowed. */
  readonly namespace?: NetNamespace;
  /** For a kernel without a firewall: overlay addresses are not kept inside their tunnels. */
  readonly unprotected?: boolean;
  /** The program that holds UDP sockets, for those who run from sources. */
  readonly holder?: URL;
}

export class KernelTunnels implements TunnelKernel, Disposable {
  readonly #host: GuardedStack;
  readonly #unprotected: boolean;
  readonly #holding: Holding;
  readonly #watch: Watch;
  readonly #engines: { readonly kernel: KernelEngine; readonly go: GoEngine };
  #abilities: Abilities | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ namespace, unprotected = false, holder }: KernelOptions = {}) {
    const stack = new NetworkStack(namespace);
    this.#host = { stack, guard: new Guard(stack) };
    this.#engines = { kernel: new KernelEngine(new Arrivals(stack)), go: new GoEngine() };
    this.#unprotected = unprotected;
    this.#watch = new Watch(namespace, (work) => this.#inTurn(work));
    this.#holding = new Holding({ namespace, ...(holder === undefined ? {} : { program: holder }) });
  }

  /** What was missing is asked about anew. @throws {WormholeError} */
  async abilities(): Promise<Abilities> {
    try {
      this.#abilities = await abilitiesOf(this.#host.stack, this.#abilities);
      return this.#abilities;
    } catch (error) {
      throw failure(error, 'cannot find out what this kernel can do');
    }
  }

  install<Half extends TunnelHalf>(half: Half, signal?: AbortSignal): Promise<InstalledOf<Half>> {
    return this.#inTurn(async () => {
      signal?.throwIfAborted();
      checkHalf(half);
      await this.#need(half);
      return await this.#onGround(half, async (ground) => {
        const parts = this.#partsOf(half, ground);
        await addParts(parts, signal);
        return this.#installed(half, ground) as InstalledOf<Half>;
      });
    });
  }

  adopt<Shape extends TunnelShape>(
    shape: Shape,
  ): Promise<InstalledOf<Shape> | { readonly partial: readonly string[]; readonly missing: readonly string[] }> {
    return this.#inTurn(() => {
      checkShape(shape);
      return this.#onGround(shape, async (ground) => {
        const parts = this.#partsOf(shape, ground);
        const found = await this.#inspect(parts);
        if (found.missing.length === 0) {
          return this.#installed(await this.#asLeft(shape), ground) as InstalledOf<Shape>;
        }
        ground[Symbol.dispose]();
        // What could be added again at any time is nothing of a tunnel without what has the keys.
        const isLeft = parts.some(({ what, mends }) => mends !== true && found.partial.includes(what));
        return isLeft ? found : { partial: [], missing: parts.map(({ what }) => what) };
      });
    });
  }

  sweep(shape: TunnelShape): Promise<void> {
    return this.#inTurn(() => {
      checkShape(shape);
      return this.#onGround(shape, async (ground) => {
        await removeParts(this.#partsOf(shape, ground));
        ground[Symbol.dispose]();
      });
    });
  }

  /** Of tunnels that end in containers only what is in the host. */
  remains(range: OverlayRange): Promise<readonly Remain[]> {
    return this.#inTurn(async () => {
      try {
        const found = await lookAround({ ...this.#host, engines: this.#engines, holding: this.#holding });
        return remainsOf(found, range);
      } catch (error) {
        throw failure(error, 'cannot look for what is left of tunnels');
      }
    });
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#host.stack[Symbol.dispose]();
  }

  /** @throws {WormholeError} WH_ERR_KERNEL that names what is missing and what to do */
  async #need(half: TunnelHalf): Promise<void> {
    const needs = (abilities: Abilities): Ability[] => {
      const kind: Ability[] = [];
      if (half.kind === 'ipsec') {
        kind.push(half.outer.local.includes(':') ? abilities.ipsec6 : abilities.ipsec);
        if (half.netns !== undefined) kind.push(abilities.ipsecAttached);
      } else kind.push(half.engine === 'go' ? abilities.wireguardGo : abilities.wireguardKernel);
      return this.#unprotected ? kind : [abilities.protection, ...kind];
    };
    const lacks = (abilities: Abilities) => needs(abilities).find((ability) => !ability.works);
    // What was missing may have been loaded since; what was there stays.
    if (this.#abilities !== undefined && lacks(this.#abilities) === undefined) return;
    const lack = lacks(await this.abilities());
    if (lack === undefined || lack.works) return;
    const { missing, remedy } = lack;
    throw new WormholeError('WH_ERR_KERNEL', `this host has not got ${missing}; ${remedy}`, {
      detail: { missing, remedy },
    });
  }

  async #onGround<T>(shape: TunnelShape, work: (ground: Ground) => Promise<T>): Promise<T> {
    const ground = groundOf(this.#host, shape.netns, !this.#unprotected);
    try {
      return await work(ground);
    } catch (error) {
      ground[Symbol.dispose]();
      throw failure(error, 'tunnel');
    }
  }

  #partsOf(shape: TunnelShape | TunnelHalf, ground: Ground): Part[] {
    if (shape.kind === 'ipsec') return ipsecParts(shape, ground, this.#holding);
    return wireguardParts(shape, ground, this.#engines[shape.engine]);
  }

  /** What can be mended is, unless there is nothing left of the tunnel. */
  async #inspect(parts: readonly Part[]): Promise<{ partial: string[]; missing: string[] }> {
    const found = await inspectParts(parts);
    const lost = parts.filter(({ what }) => found.missing.includes(what));
    if (lost.length === 0 || lost.some(({ mends }) => mends !== true)) return found;
    await mendParts(parts).catch(() => undefined);
    return await inspectParts(parts);
  }

  #installed(half: TunnelShape | TunnelHalf, ground: Ground): InstalledHalf {
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => this.#inTurn(work);
    const around = { inTurn, watch: this.#watch, holding: this.#holding };
    if (half.kind === 'wireguard') {
      return new InstalledWireguardHalf(half, ground, this.#engines[half.engine], around);
    }
    const shape = withoutKeys(half);
    return new InstalledIpsecHalf(shape, ground, this.#partsOf(shape, ground), around);
  }

  /** As an earlier process has left it; with the keys that wireguard-go was told, in case it has to be started again. */
  async #asLeft(shape: TunnelShape): Promise<TunnelShape | TunnelHalf> {
    if (shape.kind === 'ipsec') return await withPorts(this.#host.stack, shape);
    if (shape.engine === 'kernel') return shape;
    const { privateKey, presharedKeys } = await this.#engines.go.secrets(shape.name);
    const presharedKey = presharedKeys.get(shape.peer.publicKey.toString('hex'));
    const peer = presharedKey === undefined ? shape.peer : { ...shape.peer, presharedKey };
    return privateKey === undefined ? shape : { ...shape, privateKey, peer };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
