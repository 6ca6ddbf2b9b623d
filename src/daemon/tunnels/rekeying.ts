/**
 * New keys for IPsec tunnels, by time and by bytes, without losing a packet: make before break, driven by the end that made the offer.
 *
 *   driver: receives with new keys too ─► tells them ─► the other end does the same, sends with them, tells its own
 *           ─► sends with those ─► says so ─► both let go of the old ones, after what was under way has arrived
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { TunnelRekey, TunnelRekeyed } from '../../spec/api.ts';
import type { InstalledIpsec, Sa } from '../../tunnel/half.ts';
import { formatSa, parseSa } from '../../tunnel/negotiation.ts';
import type { Logger } from '../log.ts';
import type { HalfCalls } from './half-calls.ts';
import { makeSa } from './own-half.ts';
import type { Tunnel } from './tunnel.ts';
import type { Tunnels } from './tunnels.ts';

/** When keys are old: milliseconds, and bytes of one direction, far below what AES-GCM allows. */
const usual = { afterMs: 60 * 60_000, afterBytes: 64 * 2 ** 30, lookMs: 30_000, graceMs: 10_000 } as const;

/** Keys that a half receives with at once: more than interrupted changes leave, and few enough for a kernel to keep. */
const MOST_INBOUND = 16;

export interface RekeyLimits {
  readonly afterMs: number;
  readonly afterBytes: number;
  /** Milliseconds between two looks. */
  readonly lookMs: number;
  /** Milliseconds that packets may be under way. */
  readonly graceMs: number;
}

export interface RekeyingOptions {
  readonly tunnels: Tunnels;
  /** Undefined as long as there is no link. */
  readonly linkedTo: (tunnel: Tunnel) => HalfCalls | undefined;
  readonly log: Logger;
  readonly limits?: Partial<RekeyLimits>;
}

/** A change of keys under way. */
interface Change {
  /** The driver's SPI, which names the change. */
  readonly spi: number;
  /** What this end receives with from now on. */
  readonly own: Sa;
}

export class Rekeying implements Disposable {
  readonly #options: RekeyingOptions;
  readonly #limits: RekeyLimits;
  readonly #stop = new AbortController();
  readonly #changes = new WeakMap<Tunnel, Change>();
  /** Tunnel → bytes that had been sent and received when its keys were new. */
  readonly #since = new WeakMap<Tunnel, number>();
  #looking = false;

  constructor(options: RekeyingOptions) {
    this.#options = options;
    this.#limits = { ...usual, ...options.limits };
  }

  /** Looks from now on; again is a no-op. */
  start(): void {
    if (this.#looking) return;
    this.#looking = true;
    void this.#run();
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  /**
   * New keys now.
   *
   * @throws {WormholeError} the old ones go on; it can be tried again
   */
  async change(tunnel: Tunnel, calls: HalfCalls): Promise<void> {
    const { signal } = this.#stop;
    const ipsec = ipsecOf(tunnel);
    let change = this.#changes.get(tunnel);
    if (change === undefined) {
      const own = makeSa();
      await ipsec.addInbound(own);
      change = { spi: own.spi, own };
      this.#changes.set(tunnel, change);
    }
    const { sa } = await calls.rekey(tunnel.id, formatSa(change.own), signal);
    if (sa === undefined) throw new WormholeError('WH_ERR_PROTOCOL', 'the peer has told no new keys');
    await ipsec.switchOutbound(parseSa(sa));
    this.#changes.delete(tunnel);
    await this.#fresh(tunnel, ipsec);
    await calls.rekey(tunnel.id, { spi: change.spi }, signal);
    void this.#letGo(ipsec, change.own.spi).catch(() => undefined);
  }

  /** The other end's part. @throws {WormholeError} */
  async answer(tunnel: Tunnel, { spi, key }: TunnelRekey): Promise<TunnelRekeyed> {
    const ipsec = ipsecOf(tunnel);
    const under = this.#changes.get(tunnel);
    if (key === undefined) {
      if (under?.spi !== spi) return { spi };
      this.#changes.delete(tunnel);
      void this.#letGo(ipsec, under.own.spi).catch(() => undefined);
      return { spi };
    }
    // Asked again, because the answer was lost.
    if (under?.spi === spi) return { spi, sa: formatSa(under.own) };
    const theirs = parseSa({ spi, key });
    const { in: received } = await ipsec.spis();
    if (received.length >= MOST_INBOUND) {
      throw new WormholeError('WH_ERR_LIMIT', 'too many changes of keys were begun and never ended');
    }
    const own = makeSa();
    await ipsec.addInbound(own);
    await ipsec.switchOutbound(theirs);
    this.#changes.set(tunnel, { spi, own });
    await this.#fresh(tunnel, ipsec);
    return { spi, sa: formatSa(own) };
  }

  async #fresh(tunnel: Tunnel, ipsec: InstalledIpsec): Promise<void> {
    await this.#options.tunnels.changed(tunnel, { freshAt: new Date().toISOString() });
    this.#since.set(tunnel, await total(ipsec));
  }

  /** All but the newest, also those that an interrupted change has left; those of a change to come are none of its business. */
  async #letGo(ipsec: InstalledIpsec, newest: number): Promise<void> {
    const { in: all } = await ipsec.spis();
    await sleep(this.#limits.graceMs, undefined, { signal: this.#stop.signal, ref: false });
    for (const spi of all) if (spi !== newest) await ipsec.removeInbound(spi);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(this.#limits.lookMs, undefined, { signal, ref: false }).catch(() => undefined);
      const { tunnels } = this.#options;
      for (const tunnel of tunnels.list) {
        if (signal.aborted) return;
        await this.#look(tunnel).catch((err: unknown) => {
          this.#options.log.warn({ err, tunnel: tunnel.id }, 'a tunnel could not be given new keys; trying again');
        });
      }
    }
  }

  async #look(tunnel: Tunnel): Promise<void> {
    const { installed, record } = tunnel;
    if (!record.driver || !tunnel.complete || installed?.shape.kind !== 'ipsec') return;
    const calls = this.#options.linkedTo(tunnel);
    if (calls === undefined || !(await this.#isOld(tunnel, ipsecOf(tunnel)))) return;
    await this.change(tunnel, calls);
    this.#options.log.info({ tunnel: tunnel.id, peer: record.peer }, 'a tunnel has new keys');
  }

  async #isOld(tunnel: Tunnel, ipsec: InstalledIpsec): Promise<boolean> {
    if (this.#changes.has(tunnel) || Date.now() - Date.parse(tunnel.record.freshAt) >= this.#limits.afterMs)
      return true;
    const bytes = await total(ipsec);
    const since = this.#since.get(tunnel);
    // The kernel may have begun to count anew.
    if (since === undefined || bytes < since) this.#since.set(tunnel, since === undefined ? 0 : bytes);
    return bytes - (this.#since.get(tunnel) ?? 0) >= this.#limits.afterBytes;
  }
}

/** @throws {WormholeError} */
function ipsecOf({ installed, id }: Tunnel): InstalledIpsec {
  if (installed?.shape.kind === 'ipsec') return installed as InstalledIpsec;
  throw new WormholeError('WH_ERR_TUNNEL_NOT_FOUND', `tunnel ${id} has no keys of IPsec that could be changed`);
}

async function total(ipsec: InstalledIpsec): Promise<number> {
  const { bytesIn, bytesOut } = await ipsec.stats();
  return Math.max(bytesIn, bytesOut);
}
