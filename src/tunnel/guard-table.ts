/**
 * The firewall table that keeps overlay addresses inside their tunnels, as messages of nf_tables. Pure.
 *
 *   table ip wormhole
 *     set sealed      the overlay addresses of IPsec tunnels, of both ends; `ipsec` is a word of nft's, which loads no such name
 *     set interface   those of tunnels that have an interface
 *     set way         address . interface, for those
 *     set tunnel      local . remote overlay address of each, to tell later what belongs together
 *     chain came      prerouting, before anything else looks:
 *       by loopback → accept
 *       source or destination in sealed, and not out of a security association → drop
 *       source or destination in interface, and not by its way → drop
 *       source in interface, and not to the other end of that tunnel → drop
 *     chain goes      postrouting, after everything else: the same for what leaves, but for the last
 *
 * A Linux host answers for its addresses on every interface, so without this whoever is in the same network could talk to an
 * overlay address in clear text; and what is for a peer would leave in clear text as soon as the tunnel is not there. And WireGuard
 * asks where a packet says that it is from, not where it goes: a peer could send to all that this host forwards to.
 */
import { addressBytes } from '../sys/netlink/address-bytes.ts';
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  allElements,
  allRules,
  deleteElements,
  deleteTable,
  getTable,
  Hook,
  type SetShape,
} from '../sys/netlink/nftables.ts';
import {
  accept,
  cameWithoutIpsec,
  counter,
  destinationAddress,
  drop,
  equals,
  goesWithoutIpsec,
  IFNAME_BYTES,
  inInterface,
  inSet,
  interfaceName,
  outInterface,
  sourceAddress,
} from '../sys/netlink/nftables-rule.ts';
import type { Request } from '../sys/netlink/wire.ts';
import type { Ends } from './half.ts';

/** `nft` shows it by this name. */
export const TABLE = 'wormhole';
/** Numbers of nft's types. */
const IPV4_ADDRESS = 7;
const INTERFACE_NAME = 41;
/** Before connection tracking and address translation, which begin at -200; and behind all of them. */
const FIRST = -300;
const LAST = 300;

const sets = {
  sealed: { name: 'sealed', keyBytes: 4, types: [IPV4_ADDRESS] },
  interface: { name: 'interface', keyBytes: 4, types: [IPV4_ADDRESS] },
  tunnel: { name: 'tunnel', keyBytes: 8, types: [IPV4_ADDRESS, IPV4_ADDRESS] },
  way: { name: 'way', keyBytes: 4 + IFNAME_BYTES, types: [IPV4_ADDRESS, INTERFACE_NAME] },
} as const satisfies Record<string, Omit<SetShape, 'table'>>;
export type GuardSet = keyof typeof sets;
export const guardSets = Object.keys(sets) as readonly GuardSet[];

/** How packets of a tunnel come and go: out of a security association, or by an interface. */
export type Way = { readonly by: 'ipsec' } | { readonly by: 'interface'; readonly name: string };

interface Chain {
  readonly name: string;
  readonly hook: number;
  readonly priority: number;
  readonly interface: (to?: number) => Buffer;
  readonly unprotected: () => Buffer[];
  /** Rules besides those of both. */
  readonly own: readonly Buffer[][];
}
const chains: readonly Chain[] = [
  {
    name: 'came',
    hook: Hook.prerouting,
    priority: FIRST,
    interface: inInterface,
    unprotected: cameWithoutIpsec,
    own: [
      [
        sourceAddress(),
        inSet('interface'),
        destinationAddress(),
        sourceAddress(1),
        inSet('tunnel', false),
        counter(),
        drop(),
      ],
    ],
  },
  {
    name: 'goes',
    hook: Hook.postrouting,
    priority: LAST,
    interface: outInterface,
    unprotected: goesWithoutIpsec,
    own: [],
  },
];

/** All of it, empty: it drops nothing yet. */
export function tableRequests(table = TABLE): Request[] {
  return [
    addTable(table),
    ...Object.values(sets).map((set) => addSet({ table, ...set })),
    ...chains.flatMap((chain) => [
      addChain({ table, ...chain }),
      ...rulesOf(chain).map((rule) => addRule({ table, name: chain.name }, rule)),
    ]),
  ];
}

/** Nothing, when the kernel has all that the table needs: made and taken away in one transaction. */
export const trialRequests = (): Request[] => [...tableRequests(`${TABLE}-trial`), deleteTable(`${TABLE}-trial`)];

/** How many rules the whole table has. */
export const RULES = chains.reduce((sum, chain) => sum + rulesOf(chain).length, 0);

/** What stands in the sets for one tunnel. */
export function keysOf({ local, remote }: Ends, way: Way): Array<readonly [set: GuardSet, key: Buffer]> {
  const ends = [addressBytes(local), addressBytes(remote)];
  const ways = ends.flatMap((bytes): Array<readonly [GuardSet, Buffer]> => {
    if (way.by === 'ipsec') return [['sealed', bytes]];
    return [
      ['way', Buffer.concat([bytes, interfaceName(way.name)])],
      ['interface', bytes],
    ];
  });
  return [['tunnel', Buffer.concat(ends)], ...ways];
}

/** Of those in one message, whose attributes have 64 KiB. */
const MOST_KEYS = 1_000;
/** In few messages: each is acknowledged by one, and the line for those is short. */
export function addKeys(set: GuardSet, keys: readonly Buffer[]): Request[] {
  const count = Math.ceil(keys.length / MOST_KEYS);
  return Array.from({ length: count }, (_, at) =>
    addElements(TABLE, set, keys.slice(at * MOST_KEYS, (at + 1) * MOST_KEYS)),
  );
}
export const deleteKey = (set: GuardSet, key: Buffer): Request => deleteElements(TABLE, set, [key]);
export const keysIn = (set: GuardSet): Request => allElements(TABLE, set);
export const rulesIn = (): Request => allRules(TABLE);
export const removeTable = (): Request => deleteTable(TABLE);
export const lookForTable = (): Request => getTable(TABLE);

function rulesOf(chain: Chain): Buffer[][] {
  const ends = [sourceAddress, destinationAddress];
  return [
    [chain.interface(), equals(interfaceName('lo')), accept()],
    ...ends.map((end) => [end(), inSet('sealed'), ...chain.unprotected(), counter(), drop()]),
    ...ends.map((end) => [end(), inSet('interface'), chain.interface(1), inSet('way', false), counter(), drop()]),
    ...chain.own,
  ];
}
