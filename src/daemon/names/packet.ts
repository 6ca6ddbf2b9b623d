/**
 * DNS questions and answers between our terms and bytes, RFC 1035. The wire format is dns-packet's; what an answer
 * must be to be believed is decided here.
 */
import { randomInt } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { canonical } from './hosts.ts';

export type AddressType = 'A' | 'AAAA';

export interface Query {
  readonly id: number;
  /** Absolute, without a final dot. */
  readonly name: string;
  readonly type: AddressType;
}

export type Reply =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] /** Seconds. */; readonly ttl: number }
  /** The name exists without such an address, or does not exist. */
  | { readonly kind: 'none'; readonly exists: boolean }
  /** Ask again over TCP. */
  | { readonly kind: 'truncated' }
  /** Another server may do better. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Aliases followed within one answer. */
const maxAliases = 16;
const rcodeMask = 0xf;
const opcodeMask = 0x7800;
const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** A question with an id that nobody outside can guess. */
export function newQuery(name: string, type: AddressType): Query {
  return { id: randomInt(0x1_0000), name, type };
}

export function encodeQuery({ id, name, type }: Query): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type, name, class: 'IN' }] });
}

/** @returns undefined for whatever is no answer to this very question; never throws */
export function readReply(bytes: Buffer, query: Query): Reply | undefined {
  let packet: DecodedPacket;
  try {
    packet = decode(bytes);
  } catch {
    return undefined;
  }
  if (!answers(packet, query)) return undefined;
  if (packet.flag_tc) return { kind: 'truncated' };
  const rcode = (packet.flags ?? 0) & rcodeMask;
  if (rcode === 3) return { kind: 'none', exists: false };
  if (rcode !== 0) return { kind: 'failed', reason: rcodes[rcode] ?? `rcode ${rcode}` };
  return addressesOf(packet.answers ?? [], query);
}

function answers(packet: DecodedPacket, query: Query): boolean {
  const [question, ...more] = packet.questions ?? [];
  return (
    packet.flag_qr &&
    packet.id === query.id &&
    ((packet.flags ?? 0) & opcodeMask) === 0 &&
    question !== undefined &&
    more.length === 0 &&
    question.type === query.type &&
    (question.class ?? 'IN') === 'IN' &&
    canonical(question.name) === canonical(query.name)
  );
}

/** Follows the aliases from the question on; records that are not on this path are nobody's answer. */
function addressesOf(records: readonly Answer[], query: Query): Reply {
  let owner = canonical(query.name);
  let ttl = Number.MAX_SAFE_INTEGER;
  for (let aliases = 0; aliases <= maxAliases; aliases++) {
    const here = records.filter((record) => canonical(record.name) === owner && classOf(record) === 'IN');
    const found: string[] = [];
    let alias: string | undefined;
    for (const record of here) {
      if (record.type === query.type && isAddress(record.data, query.type)) {
        found.push(record.data);
        ttl = Math.min(ttl, record.ttl ?? 0);
      } else if (record.type === 'CNAME' && alias === undefined && typeof record.data === 'string') {
        alias = canonical(record.data);
        ttl = Math.min(ttl, record.ttl ?? 0);
      }
    }
    if (found.length > 0) return { kind: 'addresses', addresses: [...new Set(found)], ttl };
    if (alias === undefined) break;
    owner = alias;
  }
  return { kind: 'none', exists: true };
}

function classOf(record: Answer): string {
  return 'class' in record ? (record.class ?? 'IN') : 'IN';
}

function isAddress(data: unknown, type: AddressType): data is string {
  return typeof data === 'string' && (type === 'A' ? isIPv4(data) : isIPv6(data));
}
