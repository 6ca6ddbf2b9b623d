/**
 * The way of a mapping's connections through this machine: from a listener here to streams of the link (`-c`), or from
 * streams of the link to a target that this machine dials (`-R`).
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Incoming } from '../../carrier/link/incoming.ts';
import { WormholeError } from '../../lib/errors.ts';
import { endpointText } from '../../proxy/portable/listen-address.ts';
import type { PortableDataPlane } from '../../proxy/portable/plane.ts';
import type { PortableRoute } from '../../proxy/portable/portable-route.ts';
import type { ConnectionRecord, RouteOptions, Targets, UpstreamTarget } from '../../proxy/route.ts';
import type { FarState } from './far-notices.ts';
import { formatTarget, type Mapping } from './mapping.ts';
import type { MappingStatus } from './status.ts';

/** Milliseconds that a connection waits for a link that is being looked for. */
export const LINK_MS = 10_000;
/** Milliseconds for reaching a target from here. */
const TARGET_MS = 5_000;
/** Milliseconds that a name's addresses are used. */
const NAME_MS = 5_000;
/** Connections of one mapping; as many streams as a link can have. */
const MOST = 16_384;
/** Milliseconds that a connection may be silent of which one direction has ended. */
const HALF_OPEN_MS = 3_600_000;
/** Of everything that this end opens; a stream of a link tells how many peers it has come through. */
const HOPS = 1;

export class MappingRoute {
  readonly mapping: Mapping;
  /** The name of its guest. */
  readonly guest: string;
  readonly #route: PortableRoute;
  /** HOST:PORT, really bound; of `-R` at the far end. */
  listen = '';

  private constructor(mapping: Mapping, guest: string, route: PortableRoute) {
    this.mapping = mapping;
    this.guest = guest;
    this.#route = route;
  }

  static async open(
    plane: PortableDataPlane,
    mapping: Mapping,
    guest: string,
    onClosed: (record: ConnectionRecord) => void,
  ): Promise<MappingRoute> {
    const { target, direction } = mapping;
    const settings: RouteOptions = {
      id: guest,
      kind: 'stream',
      balance: 'first',
      // Of what lies beyond the link the far end has limits of its own.
      connectTimeoutMs: direction === 'out' ? LINK_MS : TARGET_MS,
      connIdleMs: 0,
      halfOpenLingerMs: HALF_OPEN_MS,
      flowIdleMs: 0,
      maxConns: MOST,
      onClosed,
    };
    const named = direction === 'back' && isIP(target.host.split('%')[0] ?? '') === 0;
    const route = await plane.open(named ? { ...settings, ask: (signal) => lookUp(mapping, signal) } : settings);
    if (direction === 'out') {
      const address = { kind: 'link', link: 0, guest, hops: HOPS } as const;
      await route.retarget(always([{ member: 0, label: formatTarget(target), address }]));
    } else if (!named) await route.retarget(always([reached(mapping, target.host)]));
    return new MappingRoute(mapping, guest, route);
  }

  /** @throws {WormholeError} WH_ERR_LISTEN */
  async listenHere(): Promise<void> {
    const bound = await this.#route.listenOn(this.mapping.listen);
    if ('port' in bound) this.listen = endpointText(bound.host, bound.port);
  }

  /** Takes a connection that came to the far end. */
  take(incoming: Incoming, from: string): void {
    const stream = incoming.duplex;
    // Without it an end that came already would not be seen.
    stream.read(0);
    this.#route.take({
      stream,
      from,
      dialed: () => void incoming.accept(),
      failed: ({ reason, detail }) =>
        incoming.refuse(new WormholeError('WH_ERR_DIAL', detail === '' ? reason : detail)),
    });
  }

  /** @param far as the far daemon tells it */
  status({ state, reason }: FarState): MappingStatus {
    const { text, direction, target } = this.mapping;
    const { connectionsOpen, connectionsTotal, connectionsFailed, bytesIn, bytesOut } = this.#route.stats();
    const counted = { connectionsOpen, connectionsTotal, connectionsFailed, bytesIn, bytesOut };
    return { text, direction, listen: this.listen, target: formatTarget(target), state, reason, ...counted };
  }

  /** Takes no more connections, lets those that are open end for `drainMs`, then resets them. */
  close(drainMs: number): Promise<void> {
    return this.#route.close(drainMs);
  }
}

function always(targets: readonly UpstreamTarget[]): Targets {
  return { targets, validForMs: Number.POSITIVE_INFINITY };
}

function reached({ target }: Mapping, host: string): UpstreamTarget {
  return { member: 0, label: formatTarget(target), address: { kind: 'ip', host, port: target.port } };
}

/** @throws {WormholeError} WH_ERR_NAME_NOT_RESOLVED */
async function lookUp(mapping: Mapping, signal: AbortSignal): Promise<Targets> {
  const { host } = mapping.target;
  try {
    const found = await lookup(host, { all: true });
    signal.throwIfAborted();
    return { targets: found.map(({ address }) => reached(mapping, address)), validForMs: NAME_MS };
  } catch (cause) {
    signal.throwIfAborted();
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_NAME_NOT_RESOLVED', `no address is known for ${host} (${code})`, { cause });
  }
}
