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
const MESSAGE = {
  newTable: 0,
  getTable: 1,
  delTable: 2,
  newChain: 3,
  newRule: 6,
  getRule: 7,
  delRule: 8,
  newSet: 9,
  newElement: 12,
  getElement: 13,
  delElement: 14,
} as const;
const NLM_F_APPEND = 0x800;
const GENERIC_BYTES = 4;
const NF_ACCEPT = 1;
const LIST_ELEMENT = 1;
/** Of what `nft` shows as the comment of a rule. */
const COMMENT = 0;

/** The packets that a table sees: of IPv4 and IPv6, or of IPv4 alone. */
export const Family = { inet: 1, ipv4: 2 } as const;
export type Family = (typeof Family)[keyof typeof Family];

/** Where a chain looks at packets. */
export const Hook = { prerouting: 0, input: 1, postrouting: 4 } as const;

export interface Chain {
  readonly table: string;
  /** Absent = IPv4. */
  readonly family?: Family;
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

/** A rule that is there. */
export interface Rule {
  readonly chain: string;
  /** Its number, by which it is deleted. */
  readonly handle: Buffer;
  /** '' when it has none. */
  readonly comment: string;
  /** What its counter has counted; 0 when it has none. */
  readonly packets: number;
}

/** Makes it, or finds that it is there. */
export const addTable = (table: string, family?: Family): Request =>
  change(`add table ${table}`, MESSAGE.newTable, NLM_F_CREATE, [attribute(1, text(table))], family);

/** With everything in it. Fails with ENOENT when there is none. */
export const deleteTable = (table: string, family?: Family): Request =>
  change(`delete table ${table}`, MESSAGE.delTable, 0, [attribute(1, text(table))], family);

/** Fails with ENOENT when there is none. */
export const getTable = (table: string): Request =>
  change(`look for table ${table}`, MESSAGE.getTable, 0, [attribute(1, text(table))]);

/** One that accepts what none of its rules drops; makes it, or finds that it is there as it should be. */
export const addChain = ({ table, family, name, hook, priority }: Chain): Request =>
  change(
    `add chain ${table} ${name}`,
    MESSAGE.newChain,
    NLM_F_CREATE,
    [
      attribute(1, text(table)),
      attribute(3, text(name)),
      nested(4, attribute(1, be32(hook)), attribute(2, be32(priority))),
      attribute(5, be32(NF_ACCEPT)),
      attribute(7, text('filter')),
    ],
    family,
  );

/** Behind the rules that the chain has. @param expressions see `nftables-rule.ts` */
export const addRule = (
  { table, family, name }: Pick<Chain, 'table' | 'family' | 'name'>,
  expressions: readonly Buffer[],
  comment?: string,
): Request =>
  change(
    `add rule to ${table} ${name}`,
    MESSAGE.newRule,
    NLM_F_CREATE | NLM_F_APPEND,
    [
      attribute(1, text(table)),
      attribute(2, text(name)),
      nested(4, ...expressions),
      ...(comment === undefined ? [] : [attribute(7, remark(text(comment)))]),
    ],
    family,
  );

/** Fails with ENOENT when it is not there. */
export const deleteRule = (
  { table, family, name }: Pick<Chain, 'table' | 'family' | 'name'>,
  { handle }: Pick<Rule, 'handle'>,
): Request =>
  change(
    `delete rule from ${table} ${name}`,
    MESSAGE.delRule,
    0,
    [attribute(1, text(table)), attribute(2, text(name)), attribute(3, handle)],
    family,
  );

/** Of all chains of the table; none when there is no such table. */
export const allRules = (table: string, family?: Family): Request =>
  change(`list rules of ${table}`, MESSAGE.getRule, 0, [attribute(1, text(table))], family);

/** The rule in a message of a dump. @throws {RangeError} */
export function readRule({ type, body }: Message): Rule | undefined {
  if (type !== ((NFNL_SUBSYS_NFTABLES << 8) | MESSAGE.newRule)) return undefined;
  const attributes = attributesOf(body, GENERIC_BYTES);
  const value = (of: number): Buffer => attributes.get(of) ?? Buffer.alloc(0);
  return {
    chain: textOf(value(2)),
    handle: Buffer.from(value(3)),
    comment: commentOf(value(7)),
    packets: countedBy(value(4)),
  };
}

/** type:u8 length:u8, then the value; several of them one behind the other, of which ours has one. */
const remark = (value: Buffer): Buffer => Buffer.concat([Buffer.of(COMMENT, value.length), value]);
const commentOf = (data: Buffer): string => (data[0] === COMMENT ? textOf(data.subarray(2, 2 + (data[1] ?? 0))) : '');

function countedBy(expressions: Buffer): number {
  for (const [, expression] of attributeList(expressions)) {
    const parts = attributesOf(expression);
    if (textOf(parts.get(1) ?? Buffer.alloc(0)) !== 'counter') continue;
    const packets = attributesOf(parts.get(2) ?? Buffer.alloc(0)).get(2);
    if (packets !== undefined) return Number(packets.readBigUInt64BE(0));
  }
  return 0;
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

const change = (
  what: string,
  message: number,
  flags: number,
  attributes: readonly Buffer[],
  family: Family = Family.ipv4,
): Request => ({
  what,
  type: (NFNL_SUBSYS_NFTABLES << 8) | message,
  flags,
  body: Buffer.concat([Buffer.of(family, 0, 0, 0), ...attributes]),
});

const bracket = (type: number): Request => ({
  what: 'change the firewall',
  type,
  flags: 0,
  body: Buffer.of(0, 0, 0, NFNL_SUBSYS_NFTABLES),
});
