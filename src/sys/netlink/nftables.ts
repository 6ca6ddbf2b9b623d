/**
 * Tables, chains, rules and sets of nf_tables, as far as a firewall of one table needs them. Pure: requests for a socket of
 * NETLINK_NETFILTER, and what it answers. See linux/netfilter/nf_tables.h; `nft --debug=netlink` shows the expressions of a rule.
 *
 * Everything that changes something goes in one batch, between {@link batchBegin} and {@link batchEnd}: all of it or nothing.
 *
 *   nfgenmsg  family:u8 version:u8 resource:be16, then attributes, whose numbers are all big-endian
 */
import {
  attribute,
  attributeList,
  attributesOf,
  be32,
  type Message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nested,
  type Request,
  text,
  textOf,
} from './wire.ts';

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;
const NFPROTO_IPV4 = 2;
const MESSAGE = {
  newTable: 0,
  getTable: 1,
  delTable: 2,
  newChain: 3,
  newRule: 6,
  getRule: 7,
  newSet: 9,
  newElement: 12,
  getElement: 13,
  delElement: 14,
} as const;
const NLM_F_APPEND = 0x800;
const GENERIC_BYTES = 4;
const NF_ACCEPT = 1;
const LIST_ELEMENT = 1;

/** Where a chain looks at packets. */
export const Hook = { prerouting: 0, postrouting: 4 } as const;

export interface Chain {
  readonly table: string;
  readonly name: string;
  readonly hook: number;
  /** The smaller, the earlier. */
  readonly priority: number;
}

export interface SetShape {
  readonly table: string;
  readonly name: string;
  /** Bytes of a key. */
  readonly keyBytes: number;
  /** For `nft` to print them: the numbers of its types, e.g. 7 ipv4_addr, 41 ifname; several make a concatenation. */
  readonly types: readonly number[];
}

export const batchBegin = (): Request => bracket(NFNL_MSG_BATCH_BEGIN);
export const batchEnd = (): Request => bracket(NFNL_MSG_BATCH_END);

/** Makes it, or finds that it is there. Tables are of IPv4. */
export const addTable = (table: string): Request =>
  change(`add table ${table}`, MESSAGE.newTable, NLM_F_CREATE, [attribute(1, text(table))]);

/** With everything in it. Fails with ENOENT when there is none. */
export const deleteTable = (table: string): Request =>
  change(`delete table ${table}`, MESSAGE.delTable, 0, [attribute(1, text(table))]);

/** Fails with ENOENT when there is none. */
export const getTable = (table: string): Request =>
  change(`look for table ${table}`, MESSAGE.getTable, 0, [attribute(1, text(table))]);

/** One that accepts what none of its rules drops. */
export const addChain = ({ table, name, hook, priority }: Chain): Request =>
  change(`add chain ${table} ${name}`, MESSAGE.newChain, NLM_F_CREATE | NLM_F_EXCL, [
    attribute(1, text(table)),
    attribute(3, text(name)),
    nested(4, attribute(1, be32(hook)), attribute(2, be32(priority))),
    attribute(5, be32(NF_ACCEPT)),
    attribute(7, text('filter')),
  ]);

/** Behind the rules that the chain has. @param expressions see `nftables-rule.ts` */
export const addRule = (table: string, chain: string, expressions: readonly Buffer[]): Request =>
  change(`add rule to ${table} ${chain}`, MESSAGE.newRule, NLM_F_CREATE | NLM_F_APPEND, [
    attribute(1, text(table)),
    attribute(2, text(chain)),
    nested(4, ...expressions),
  ]);

/** Of all chains of the table. */
export const allRules = (table: string): Request =>
  change(`list rules of ${table}`, MESSAGE.getRule, 0, [attribute(1, text(table))]);

/** The chain that a rule in a message of a dump is in. @throws {RangeError} */
export function readRule({ type, body }: Message): string | undefined {
  if (type !== ((NFNL_SUBSYS_NFTABLES << 8) | MESSAGE.newRule)) return undefined;
  return textOf(attributesOf(body, GENERIC_BYTES).get(2) ?? Buffer.alloc(0));
}

export const addSet = ({ table, name, keyBytes, types }: SetShape): Request =>
  change(`add set ${table} ${name}`, MESSAGE.newSet, NLM_F_CREATE | NLM_F_EXCL, [
    attribute(1, text(table)),
    attribute(2, text(name)),
    attribute(4, be32(types.reduce((all, type) => (all << 6) | type, 0))),
    attribute(5, be32(keyBytes)),
    // Its number within the batch; it is named by its name everywhere.
    attribute(10, be32(1)),
  ]);

/** Adds keys; one that is there is no failure. */
export const addElements = (table: string, set: string, keys: readonly Buffer[]): Request =>
  change(`add to set ${table} ${set}`, MESSAGE.newElement, NLM_F_CREATE, elements(table, set, keys));

/** Fails with ENOENT when one of them is not there. */
export const deleteElements = (table: string, set: string, keys: readonly Buffer[]): Request =>
  change(`delete from set ${table} ${set}`, MESSAGE.delElement, 0, elements(table, set, keys));

/** Fails with ENOENT when there is no such set. */
export const allElements = (table: string, set: string): Request =>
  change(`list set ${table} ${set}`, MESSAGE.getElement, 0, [attribute(1, text(table)), attribute(2, text(set))]);

/** The keys in a message of a dump. @throws {RangeError} */
export function readElements({ type, body }: Message): Buffer[] | undefined {
  if (type !== ((NFNL_SUBSYS_NFTABLES << 8) | MESSAGE.newElement)) return undefined;
  const list = attributesOf(body, GENERIC_BYTES).get(3) ?? Buffer.alloc(0);
  return attributeList(list).flatMap(([, element]) => {
    const key = attributesOf(element).get(1);
    const value = key === undefined ? undefined : attributesOf(key).get(1);
    return value === undefined ? [] : [Buffer.from(value)];
  });
}

const elements = (table: string, set: string, keys: readonly Buffer[]): Buffer[] => [
  attribute(1, text(table)),
  attribute(2, text(set)),
  nested(3, ...keys.map((key) => nested(LIST_ELEMENT, nested(1, attribute(1, key))))),
];

const change = (what: string, message: number, flags: number, attributes: readonly Buffer[]): Request => ({
  what,
  type: (NFNL_SUBSYS_NFTABLES << 8) | message,
  flags,
  body: Buffer.concat([Buffer.of(NFPROTO_IPV4, 0, 0, 0), ...attributes]),
});

const bracket = (type: number): Request => ({
  what: 'change the firewall',
  type,
  flags: 0,
  body: Buffer.of(0, 0, 0, NFNL_SUBSYS_NFTABLES),
});
