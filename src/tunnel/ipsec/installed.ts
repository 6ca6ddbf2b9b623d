/**
 * An installed half of an IPsec tunnel: counts, changes keys, goes away.
 *
 * Which keys are in use is asked of the kernel each time, so that one which an earlier process installed is no different.
 */
import { setTimeout as after } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { Mapping } from '../../sys/netlink/xfrm-mapping.ts';
import { replacePolicy } from '../../sys/netlink/xfrm-policy.ts';
import { addSa, changePorts, deleteSa, getSa, type SaState } from '../../sys/netlink/xfrm-state.ts';
import { checkSa } from '../check-half.ts';
import { localOf } from '../encapsulation/encapsulation-part.ts';
import type { Holding } from '../encapsulation/holding.ts';
import { WayBack } from '../encapsulation/way-back.ts';
import { failure, unless } from '../failure.ts';
import type { Ground } from '../ground.ts';
import type { InstalledIpsec, IpsecShape, Sa, TunnelStats } from '../half.ts';
import { inspectParts, mendParts, type Part, removeParts } from '../part.ts';
import type { Watch, Watched } from '../watch/watch.ts';
import { associationOf, outboundPolicy } from './associations.ts';
import { reqidOf, sasOf } from './name.ts';
import { OwnAddress } from './own-address.ts';

/** Packets that were given to an SA leave within microseconds, or when a core that encrypts for others gets to them. */
const UNDER_WAY_MS = 250;

/** Of SAs that were removed. */
interface Counted {
  bytes: number;
  packets: number;
  dropped: number;
}

interface Surroundings {
  readonly holding: Holding;
  readonly watch: Watch;
  /** Does one thing with tunnels at a time. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
}

export class InstalledIpsecHalf implements InstalledIpsec, Watched {
  readonly #ground: Ground;
  readonly #parts: readonly Part[];
  readonly #holding: Holding;
  readonly #watching: Disposable;
  /** Of an end behind a NAT. */
  readonly #wayBack: Disposable | undefined;
  readonly #inTurn: Surroundings['inTurn'];
  readonly #ended = new AbortController();
  readonly #ownAddress: OwnAddress;
  readonly #before = { in: { bytes: 0, packets: 0, dropped: 0 }, out: { bytes: 0, packets: 0, dropped: 0 } };
  #shape: IpsecShape;
  #removing: Promise<void> | undefined;

  /**
   * @param ground owned from now on
   * @param parts without keys: those are the kernel's alone now
   */
  constructor(shape: IpsecShape, ground: Ground, parts: readonly Part[], { holding, watch, inTurn }: Surroundings) {
    this.#shape = shape;
    this.#ground = ground;
    this.#parts = parts;
    this.#holding = holding;
    this.#inTurn = inTurn;
    this.#watching = watch.add(this, ground.attached);
    this.#wayBack = wayBackOf(shape, ground);
    this.#ownAddress = new OwnAddress(shape.outer.local, ground.host.stack.namespace);
  }

  get shape(): IpsecShape {
    return this.#shape;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  async stats(): Promise<TunnelStats> {
    const [received, sent] = [await this.#count('in'), await this.#count('out')];
    return {
      bytesIn: received.bytes,
      bytesOut: sent.bytes,
      packetsIn: received.packets,
      packetsOut: sent.packets,
      dropped: received.dropped,
    };
  }

  async spis(): Promise<{ out: number; in: number[] }> {
    const inbound = await this.#sas('in');
    const [outbound] = await this.#sas('out');
    return { out: outbound?.spi ?? 0, in: inbound.map(({ spi }) => spi) };
  }

  async addInbound(sa: Sa): Promise<void> {
    checkSa('inbound', sa);
    const add = (): Promise<void> => this.#xfrm.ask(addSa(associationOf(this.shape, 'in', sa)));
    await this.#step('add the inbound key', () => this.#change(add));
  }

  async switchOutbound(sa: Sa): Promise<void> {
    checkSa('outbound', sa);
    let before: readonly SaState[] = [];
    const change = async (): Promise<void> => {
      before = await this.#sas('out');
      const next = associationOf(this.shape, 'out', sa);
      await this.#xfrm.ask(addSa(next));
      try {
        await this.#xfrm.ask(replacePolicy(outboundPolicy(this.shape, sa.spi)));
      } catch (error) {
        await unless(this.#xfrm.ask(deleteSa(next)), 'ESRCH');
        throw error;
      }
    };
    await this.#step('switch to the outbound key', async () => {
      await this.#change(change);
      await after(UNDER_WAY_MS);
      for (const old of before) await this.#retire('out', old.spi);
    });
  }

  async removeInbound(spi: number): Promise<void> {
    await this.#step('remove the inbound key', () => this.#retire('in', spi));
  }

  async missing(): Promise<readonly string[]> {
    return (await inspectParts(this.#parts)).missing;
  }

  async mend(): Promise<void> {
    if (this.#removing !== undefined || this.#ended.signal.aborted) return;
    const gone = this.#ownAddress.look();
    if (gone === undefined) await mendParts(this.#parts);
    else this.#ended.abort(gone);
  }

  /** A packet that was opened with the tunnel's key came from there: a NAT has chosen another port. */
  async moved({ spi, reqid, seen }: Mapping): Promise<void> {
    const { outer, udp } = this.#shape;
    if (udp === undefined || reqid !== reqidOf(this.#shape) || seen.port === udp.remotePort) return;
    if (!(await this.#sas('in')).some((sa) => sa.spi === spi)) return;
    if (seen.host !== outer.remote) {
      // The destination is part of an SA's name, and the same key under another name would use its nonces again.
      const message = `the peer of the tunnel is seen at ${seen.host}, no longer at ${outer.remote}`;
      return this.#ended.abort(new WormholeError('WH_ERR_TUNNEL', message));
    }
    const ports = { in: [seen.port, udp.localPort], out: [udp.localPort, seen.port] } as const;
    for (const direction of ['in', 'out'] as const) {
      const [sourcePort, destinationPort] = ports[direction];
      for (const sa of await this.#sas(direction)) {
        const request = changePorts(await this.#xfrm.get(getSa(sa)), { sourcePort, destinationPort });
        if (request !== undefined) await this.#xfrm.ask(request);
      }
    }
    this.#shape = { ...this.#shape, udp: { ...udp, remotePort: seen.port } };
    await this.#holding.steer(localOf(outer.local, udp), seen);
  }

  remove(): Promise<void> {
    this.#stopKeeping();
    this.#removing ??= this.#inTurn(() => removeParts(this.#parts)).then(
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

  #stopKeeping(): void {
    this.#watching[Symbol.dispose]();
    this.#wayBack?.[Symbol.dispose]();
  }

  /** In turn: else the port may become another one in between, see {@link moved}, or the tunnel may be gone by then. */
  #change(work: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#removing !== undefined) throw new WormholeError('WH_ERR_TUNNEL_NOT_FOUND', 'it was removed');
      await work();
    });
  }

  get #xfrm() {
    return this.#ground.host.stack.xfrm;
  }

  #sas(direction: 'in' | 'out'): Promise<SaState[]> {
    return sasOf(this.#ground.host.stack, this.shape, direction);
  }

  /** Its counters are kept. */
  async #retire(direction: 'in' | 'out', spi: number): Promise<void> {
    const old = (await this.#sas(direction)).find((sa) => sa.spi === spi);
    if (old === undefined) return;
    await unless(this.#xfrm.ask(deleteSa(old)), 'ESRCH');
    add(this.#before[direction], old);
  }

  async #count(direction: 'in' | 'out'): Promise<Counted> {
    const sum = { ...this.#before[direction] };
    for (const sa of await this.#step('count', () => this.#sas(direction))) add(sum, sa);
    return sum;
  }

  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failure(error, `tunnel to ${this.shape.overlay.remote}: cannot ${what}`);
    }
  }
}

function wayBackOf({ overlay, udp }: IpsecShape, { inner }: Ground): WayBack | undefined {
  if (udp === undefined || udp.keepaliveSeconds === 0) return undefined;
  const { keepaliveSeconds } = udp;
  return new WayBack({ remote: overlay.remote, namespace: inner.stack.namespace, keepaliveSeconds });
}

function add(sum: Counted, { bytes, packets, dropped }: Counted): void {
  sum.bytes += bytes;
  sum.packets += packets;
  sum.dropped += dropped;
}
