/** A kernel of plain values: what is installed stays over restarts of a daemon, and goes with a reboot. */
import { WormholeError } from '../../src/lib/errors.ts';
import { checkHalf } from '../../src/tunnel/check-half.ts';
import type {
  Abilities,
  Ability,
  InstalledIpsec,
  InstalledOf,
  InstalledWireguard,
  Remain,
  Sa,
  TunnelHalf,
  TunnelKernel,
  TunnelShape,
} from '../../src/tunnel/half.ts';

/** What a tunnel has in the kernel. */
interface Kept {
  readonly shape: TunnelShape;
  readonly half: TunnelHalf;
  in: Map<number, string>;
  out: Sa | undefined;
  readonly ended: AbortController;
  bytes: number;
}

const works: Ability = { works: true };

/** Of a host that can have every kind of tunnel. */
export const ableToAll: Abilities = {
  ipsec: works,
  ipsec6: works,
  ipsecAttached: works,
  wireguardKernel: works,
  wireguardGo: works,
  protection: works,
};

export class FakeTunnelKernel implements TunnelKernel {
  /** By local overlay address. */
  readonly kept = new Map<string, Kept>();
  able: Abilities = ableToAll;
  /** Makes the next installation fail. */
  failure: WormholeError | undefined;
  /** What an interrupted daemon has left of the tunnels with these local addresses. */
  readonly parts = new Map<string, readonly string[]>();
  installs = 0;
  /** Local addresses of what will not go. */
  readonly stuck = new Set<string>();
  /** What was to be taken away, whole or not. */
  readonly swept: TunnelShape[] = [];

  abilities(): Promise<Abilities> {
    return Promise.resolve(this.able);
  }

  install<Half extends TunnelHalf>(half: Half): Promise<InstalledOf<Half>> {
    this.installs += 1;
    checkHalf(half);
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) return Promise.reject(failure);
    const { local } = half.overlay;
    if (this.kept.has(local)) {
      return Promise.reject(new WormholeError('WH_ERR_TUNNEL_CONFLICT', `${local} is taken`));
    }
    const given: TunnelHalf = half;
    const ipsec = given.kind === 'ipsec' ? given : undefined;
    const kept: Kept = {
      shape: half,
      half,
      in: new Map(ipsec === undefined ? [] : [[ipsec.in.spi, ipsec.in.key.toString('hex')]]),
      out: ipsec?.out,
      ended: new AbortController(),
      bytes: 0,
    };
    this.kept.set(local, kept);
    return Promise.resolve(this.#installed(kept, half) as InstalledOf<Half>);
  }

  adopt<Shape extends TunnelShape>(shape: Shape): ReturnType<TunnelKernel['adopt']> & Promise<InstalledOf<Shape>> {
    const { local } = shape.overlay;
    const kept = this.kept.get(local);
    const partial = this.parts.get(local) ?? [];
    const answer =
      kept === undefined || partial.length > 0 ? { partial, missing: ['a route'] } : this.#installed(kept, shape);
    return Promise.resolve(answer) as never;
  }

  sweep(shape: TunnelShape): Promise<void> {
    const { overlay } = shape;
    this.swept.push(shape);
    this.parts.delete(overlay.local);
    return this.#goes(overlay.local);
  }

  remains(): Promise<readonly Remain[]> {
    const all = [...this.kept.keys(), ...this.parts.keys()];
    return Promise.resolve(
      all.map((local) => ({
        overlay: { local },
        parts: this.parts.get(local) ?? [`address ${local} on lo`],
        remove: () => this.sweep({ overlay: { local } } as TunnelShape),
      })),
    );
  }

  reboot(): void {
    this.kept.clear();
  }

  /** The tunnel of that end has ended by itself. */
  end(local: string): void {
    const kept = this.kept.get(local);
    this.kept.delete(local);
    kept?.ended.abort(new Error('its namespace is gone'));
  }

  #goes(local: string): Promise<void> {
    if (this.stuck.has(local)) return Promise.reject(new WormholeError('WH_ERR_KERNEL', `${local} will not go`));
    this.kept.delete(local);
    return Promise.resolve();
  }

  #installed(kept: Kept, shape: TunnelShape): InstalledIpsec | InstalledWireguard {
    const { local } = kept.shape.overlay;
    const base = {
      ended: kept.ended.signal,
      stats: () => Promise.resolve({ bytesIn: kept.bytes, bytesOut: 0, dropped: 0 }),
      missing: () => Promise.resolve(this.kept.get(local) === kept ? [] : ['address']),
      remove: () => this.#goes(local),
      release: () => undefined,
    };
    if (shape.kind === 'wireguard') return { ...base, shape, setPeer: () => Promise.resolve() };
    return {
      ...base,
      shape,
      spis: () => Promise.resolve({ out: kept.out?.spi ?? 0, in: [...kept.in.keys()] }),
      addInbound: ({ spi, key }) => Promise.resolve(void kept.in.set(spi, key.toString('hex'))),
      switchOutbound: (sa) => Promise.resolve(void (kept.out = sa)),
      removeInbound: (spi) => Promise.resolve(void kept.in.delete(spi)),
    };
  }
}
