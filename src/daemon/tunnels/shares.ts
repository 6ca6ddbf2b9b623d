/**
 * How much one peer may have of what all tunnels of this host share: UDP ports (`-P`), overlay addresses (`-C`), work. Pure.
 *
 * Of ports and addresses a daemon may have a quarter by tunnels that it has asked for, and all who prove the same identity three
 * quarters, however many daemons they say that they are. The rest is for others, and for the people of this host.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { TunnelKind } from '../../spec/api.ts';
import { type OverlayRange, pairCount } from '../../tunnel/overlay.ts';
import type { PortRange } from '../config/network.ts';
import { isSame, type Whose } from '../peers/owner.ts';
import type { TunnelRecord } from './record.ts';

/** Offers of one peer that wait at once, and tunnels with one identity. */
const MOST_WAITING = 4;
const MOST_OF_IDENTITY = 1_024;
const OF_PEER = 1 / 4;
const OF_IDENTITY = 3 / 4;

/** What peers have asked for. */
export interface Asked {
  /** The tunnels that there are, but for the one in whose place the next one would be. */
  readonly tunnels: readonly TunnelRecord[];
  /** Offers that wait for their commit. */
  readonly prepared: readonly TunnelRecord[];
  /** Offers that are being looked at. */
  readonly answering: readonly Whose[];
}

export interface Shared {
  readonly range: OverlayRange;
  readonly ports: PortRange;
}

/** @returns why it may have no further port; undefined when it may @throws {WormholeError} WH_ERR_LIMIT when it may have no tunnel */
export function refuseBeyondShare(owner: Whose, asked: Asked, { range, ports }: Shared): string | undefined {
  const { tunnels, prepared, answering } = asked;
  const waiting = [...prepared, ...answering].filter((one) => isSame(one, owner)).length;
  if (waiting >= MOST_WAITING) {
    throw limit(`this peer waits for ${waiting} tunnels, and may ask for no more until one of them is there`);
  }
  const its = tunnels.filter(({ identity }) => identity === owner.identity).length;
  if (its >= MOST_OF_IDENTITY) {
    throw limit(`there are ${its} tunnels with this peer, and may be no more; wormhole tunnel-delete removes some`);
  }
  // What is installed before its commit is in both.
  const records = [...new Map([...tunnels, ...prepared].map((one) => [one.id, one])).values()];
  const theirs = records.filter(({ driver, identity }) => !driver && identity === owner.identity);
  const { network, bits } = range;
  const addresses = { count: pairCount(range), name: `pairs of overlay addresses of ${network}/${bits}`, option: '-C' };
  const full = beyond(
    owner,
    theirs.map(({ host, identity, id }) => ({ host, identity, thing: id })),
    addresses,
  );
  if (full !== undefined) throw limit(full);
  const { low, high } = ports;
  const sockets = { count: high - low + 1, name: `UDP ports ${low}-${high}`, option: '-P' };
  return beyond(owner, theirs.flatMap(portOf), sockets);
}

/** What would take a further port. @param shared there is an interface of WireGuard that it could have its end on */
export const needsPort = (kind: TunnelKind, shared: boolean): boolean =>
  kind === 'ipsec-udp' || (kind === 'wireguard' && !shared);

/** The kinds that it may have. @param without why it may not have a kind @throws {WormholeError} WH_ERR_LIMIT when there is none */
export function kindsWithin(
  kinds: readonly TunnelKind[],
  without: (kind: TunnelKind) => string | undefined,
): readonly TunnelKind[] {
  const left = kinds.filter((kind) => without(kind) === undefined);
  const [first] = kinds;
  if (left.length === 0 && first !== undefined) throw limit(without(first) ?? '');
  return left;
}

interface Held extends Whose {
  readonly thing: string | number;
}

function portOf({ host, identity, shape }: TunnelRecord): Held[] {
  const port = shape.kind === 'wireguard' ? shape.listenPort : shape.udp?.localPort;
  return port === undefined ? [] : [{ host, identity, thing: port }];
}

/** @param held by all of the same identity @returns why there may be no more of them; undefined when there may be */
function beyond(
  owner: Whose,
  held: readonly Held[],
  { count, name, option }: { readonly count: number; readonly name: string; readonly option: string },
): string | undefined {
  const distinct = (all: readonly Held[]): number => new Set(all.map(({ thing }) => thing)).size;
  const mine = distinct(held.filter((one) => isSame(one, owner)));
  const all = distinct(held);
  const share = mine >= Math.ceil(count * OF_PEER) ? `this peer has ${mine}` : `peers with the same key have ${all}`;
  if (mine < Math.ceil(count * OF_PEER) && all < Math.ceil(count * OF_IDENTITY)) return undefined;
  return (
    `${share} of the ${count} ${name} by tunnels that were asked for, and may have no more; wormhole tunnel-delete removes ` +
    `tunnels, and a wider ${option} of the daemon that is asked gives room`
  );
}

const limit = (message: string): WormholeError => new WormholeError('WH_ERR_LIMIT', message);
