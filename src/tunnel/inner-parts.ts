/**
 * The parts that every kind of tunnel has: the guard of its overlay addresses, the own address, the route to the peer's.
 */
import { WormholeError } from '../lib/errors.ts';
import { addAddress, deleteAddress } from '../sys/netlink/address.ts';
import { addRoute, deleteRoute } from '../sys/netlink/route.ts';
import { orAbsent, unless } from './failure.ts';
import type { Ground, GuardedStack } from './ground.ts';
import type { Way } from './guard-table.ts';
import type { Ends, TunnelShape } from './half.ts';
import type { Part } from './part.ts';
import type { NetworkStack } from './stack.ts';

/** What a namespace answers that is no longer there, or never had the thing. */
const GONE = ['ENOENT', 'ESRCH', 'ENODEV', 'EADDRNOTAVAIL'] as const;

/**
 * The guards. A tunnel that ends in a container has one in the host, too: of WireGuard nothing inside may come or go there at all, of
 * IPsec only what the host's security associations take.
 *
 * @param name of the tunnel's interface; absent = it has none
 */
export function guardParts({ host, inner, attached, guarded }: Ground, shape: TunnelShape, name?: string): Part[] {
  if (!guarded) return [];
  const { kind, overlay } = shape;
  const part = (what: string, { guard }: GuardedStack, way: Way): Part => ({
    what,
    mends: true,
    add: () => guard.add(overlay, way),
    present: () => guard.has(overlay, way),
    remove: () => guard.remove(overlay, way),
  });
  const ipsec = { by: 'ipsec' } as const;
  const way: Way = name === undefined ? ipsec : { by: 'interface', name };
  const inside = part('protection of the overlay addresses', inner, way);
  if (attached === undefined) return [inside];
  return [part('protection of the overlay addresses in the host', host, kind === 'ipsec' ? ipsec : way), inside];
}

/** The own overlay address and the route to the peer's. @param index of the interface, undefined when there is none (any more) */
export function innerParts(
  shape: TunnelShape,
  { inner: { stack } }: Ground,
  interfaces: {
    readonly address: () => Promise<number | undefined>;
    readonly route: () => Promise<number | undefined>;
  },
): Part[] {
  const { overlay, mtu } = shape;
  const routeMtu = shape.kind === 'ipsec' && mtu !== undefined ? { mtu } : {};
  return [
    addressPart(stack, overlay.local, interfaces.address),
    routePart(stack, { ...overlay, ...routeMtu }, interfaces.route),
  ];
}

function addressPart(stack: NetworkStack, address: string, interfaceIndex: () => Promise<number | undefined>): Part {
  const holders = async (): Promise<number[]> => {
    const found = (await stack.addresses()).of(address);
    return found.map(({ index }) => index);
  };
  return {
    what: `address ${address}`,
    mends: true,
    async add() {
      const taken = (await holders()).length > 0;
      if (taken) throw new WormholeError('WH_ERR_TUNNEL_CONFLICT', `an interface of this host has ${address} already`);
      await stack.route.ask(addAddress(address, must(await interfaceIndex())));
    },
    async present() {
      const index = await interfaceIndex();
      return index !== undefined && (await holders()).includes(index);
    },
    async remove() {
      const index = await interfaceIndex();
      if (index !== undefined) await unless(stack.route.ask(deleteAddress(address, index)), ...GONE);
    },
  };
}

function routePart(
  stack: NetworkStack,
  { local, remote, mtu }: Ends & { readonly mtu?: number },
  interfaceIndex: () => Promise<number | undefined>,
): Part {
  const ours = async () => {
    const routes = (await stack.routes()).of(remote);
    return routes.filter(({ source }) => source === local);
  };
  return {
    what: `route to ${remote}`,
    mends: true,
    async add() {
      const index = must(await interfaceIndex());
      const size = mtu === undefined ? {} : { mtu };
      await stack.route.ask(addRoute({ destination: remote, source: local, index, ...size }));
    },
    present: async () => (await ours()).length > 0,
    async remove() {
      for (const route of await ours()) await unless(stack.route.ask(deleteRoute(route)), ...GONE);
    },
  };
}

function must(index: number | undefined): number {
  if (index === undefined) throw new WormholeError('WH_ERR_TUNNEL', "the tunnel's interface is gone");
  return index;
}

/** Undefined when the namespace or the interface is gone. */
export const linkIndex = async (stack: NetworkStack, name: string): Promise<number | undefined> =>
  (await orAbsent(stack.linkAgain(name), ...GONE))?.index;
