/**
 * What of tunnels is in the host's namespace, found by the marks that we put on it.
 *
 * The reqid of SAs and policies is an overlay address, routes have our protocol number, the guard's table and the interfaces have our
 * name. An address has no mark: one in the overlay range on the loopback interface is taken as ours, which that range is for.
 */
import { deleteAddress } from '../../sys/netlink/address.ts';
import { addressBytes } from '../../sys/netlink/address-bytes.ts';
import { allLinks, deleteLink, type Link, readLinkMessage } from '../../sys/netlink/link.ts';
import { deleteRoute } from '../../sys/netlink/route.ts';
import { deletePolicy } from '../../sys/netlink/xfrm-policy.ts';
import { deleteSa, type SaState } from '../../sys/netlink/xfrm-state.ts';
import type { Selector } from '../../sys/netlink/xfrm-wire.ts';
import type { Holding } from '../encapsulation/holding.ts';
import { orAbsent, unless } from '../failure.ts';
import type { GuardedStack } from '../ground.ts';
import type { Ends } from '../half.ts';
import { Listed } from '../listed.ts';
import type { NetworkStack } from '../stack.ts';
import type { WireguardEngine } from '../wireguard/engine.ts';
import { INTERFACE_ALIAS } from '../wireguard/interface-part.ts';
import { countAt } from '../wireguard/parts.ts';
import type { Found } from './found.ts';

/** A kernel without such a part has nothing of it. */
const LACKS = ['EPROTONOSUPPORT', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL'] as const;
const LOOPBACK_INDEX = 1;

export interface Places extends GuardedStack {
  readonly engines: { readonly kernel: WireguardEngine; readonly go: WireguardEngine };
  readonly holding: Holding;
}

/** In the order in which a tunnel is built, so that it can be taken away backwards. */
export async function lookAround(places: Places): Promise<Found[]> {
  const { stack } = places;
  const sas = (await orAbsent(stack.sas(), ...LACKS))?.all ?? [];
  return [
    ...(await sockets(places, sas)),
    ...(await guards(places)),
    ...(await counts(places)),
    ...(await interfaces(places)),
    ...associations(stack, sas),
    ...((await orAbsent(policies(stack), ...LACKS)) ?? []),
    ...(await addresses(stack)),
    ...(await routes(stack)),
  ];
}

/** Overlay addresses of something with this reqid; undefined when it is not one of ours. */
function endsOf(reqid: number, inside: Selector | undefined): Ends | undefined {
  if (inside === undefined) return undefined;
  const isLocal = (address: string): boolean => addressBytes(address).readUInt32BE(0) === reqid;
  const { source, destination } = inside;
  if (isLocal(source)) return { local: source, remote: destination };
  return isLocal(destination) ? { local: destination, remote: source } : undefined;
}

function associations(stack: NetworkStack, sas: readonly SaState[]): Found[] {
  return sas.flatMap((sa) => {
    const ends = endsOf(sa.reqid, sa.inside);
    const what = `security association to ${sa.destination}`;
    return ends === undefined ? [] : [{ what, ...ends, remove: () => unless(stack.xfrm.ask(deleteSa(sa)), 'ESRCH') }];
  });
}

async function policies(stack: NetworkStack): Promise<Found[]> {
  const { all } = await stack.policies();
  return all.flatMap((policy) => {
    const ends = endsOf(policy.reqid, policy.inside);
    const remove = (): Promise<void> => unless(stack.xfrm.ask(deletePolicy(policy)), 'ENOENT');
    return ends === undefined ? [] : [{ what: `policy ${policy.direction}`, ...ends, remove }];
  });
}

/** A socket belongs to the tunnel that sends from it; without one to nobody. */
async function sockets({ holding }: Places, sas: readonly SaState[]): Promise<Found[]> {
  const users = new Listed(sas, ({ source, udp }) => `${source} ${udp?.sourcePort}`);
  return (await holding.list()).map((local) => {
    const [user] = users.of(`${local.host} ${local.port}`);
    const ends = user && endsOf(user.reqid, user.inside);
    return { what: `UDP port ${local.port}`, ...ends, remove: () => holding.close(local) };
  });
}

async function guards({ guard }: Places): Promise<Found[]> {
  const kept = (await orAbsent(guard.list(), ...LACKS)) ?? [];
  return kept.map(({ way, ...overlay }) => ({
    what: 'protection of the overlay addresses',
    ...overlay,
    remove: () => guard.remove(overlay, way),
  }));
}

/** Those of interfaces that are here go with them; of the others it is told by the port whose they are. */
async function counts({ stack, engines }: Places): Promise<Found[]> {
  const { arrivals } = engines.kernel;
  if (arrivals === undefined) return [];
  const found: Found[] = [];
  for (const { name, listenPort } of (await orAbsent(arrivals.list(), ...LACKS)) ?? []) {
    const there = await stack.link(name);
    if (there === undefined) found.push({ what: countAt(listenPort), remove: () => arrivals.remove(name) });
  }
  return found;
}

/** Made by a daemon that was killed before it could put its mark on it: by its name, and nobody else's mark. */
function isBegun({ name, alias }: Link): boolean {
  return /^wh[0-9a-f]{8}$/.test(name) && alias === '';
}

/** An interface is found once for each tunnel that shares it. */
async function interfaces(places: Places): Promise<Found[]> {
  const { stack } = places;
  const links = await stack.route.dump(allLinks(), readLinkMessage);
  const held = new Listed((await stack.addresses()).all, ({ index }) => index);
  const ways = new Listed((await stack.routes()).all, ({ index, source }) => `${index} ${source}`);
  return links
    .filter((link) => link.alias === INTERFACE_ALIAS || isBegun(link))
    .flatMap((link): Found[] => {
      const what = `interface ${link.name}`;
      const locals = held.of(link.index).map(({ address }) => address);
      if (locals.length === 0) return [{ what, remove: () => removeLink(places, link) }];
      return locals.map((local) => {
        const remote = ways.of(`${link.index} ${local}`)[0]?.destination;
        const ends = { local, ...(remote === undefined ? {} : { remote }) };
        return { what, ...ends, remove: () => leave(places, link, local, remote) };
      });
    });
}

/** Takes the address and the peer away, and the interface when it was the last. */
async function leave(places: Places, link: Link, local: string, remote: string | undefined): Promise<void> {
  const { stack, engines } = places;
  await unless(stack.route.ask(deleteAddress(local, link.index)), 'EADDRNOTAVAIL', 'ENODEV');
  const engine = link.kind === 'wireguard' ? engines.kernel : engines.go;
  const peers = (await engine.look(stack, link.name))?.peers ?? [];
  const [gone, others] = [true, false].map((is) =>
    peers.filter(({ allowed }) => allowed.includes(`${remote}/32`) === is),
  );
  for (const peer of gone ?? []) await engine.removePeer(stack, link.name, peer.publicKey);
  if (others?.length === 0) await removeLink(places, link);
}

async function removeLink({ stack, engines }: Places, link: Link): Promise<void> {
  await unless(stack.route.ask(deleteLink(link)), 'ENODEV');
  if (link.kind === engines.kernel.linkKind) await engines.kernel.arrivals?.remove(link.name);
}

async function addresses(stack: NetworkStack): Promise<Found[]> {
  const { all } = await stack.addresses();
  return all
    .filter(({ index, prefix }) => index === LOOPBACK_INDEX && prefix === 32)
    .map(({ address, index }) => ({
      what: `address ${address} on lo`,
      local: address,
      remove: () => unless(stack.route.ask(deleteAddress(address, index)), 'EADDRNOTAVAIL'),
    }));
}

async function routes(stack: NetworkStack): Promise<Found[]> {
  const { all } = await stack.routes();
  return all.map((route) => ({
    what: `route to ${route.destination}`,
    ...(route.source === undefined ? {} : { local: route.source }),
    remote: route.destination,
    remove: () => unless(stack.route.ask(deleteRoute(route)), 'ESRCH', 'ENODEV'),
  }));
}
