/**
 * Policies: which packets have to go through which security association. Pure: requests for a socket of NETLINK_XFRM, and what it
 * answers. See linux/xfrm.h.
 *
 *   xfrm_userpolicy_info  selector:56 limits:64 current:32 priority:u32 index:u32 direction:u8 action:u8 flags:u8 share:u8
 *                         pad:4                                                                            (168 bytes)
 *   xfrm_userpolicy_id    selector:56 index:u32 direction:u8 pad:3                                         (64 bytes)
 *   xfrm_user_tmpl        id:24 family:u16 pad:2 saddr:16 reqid:u32 mode:u8 share:u8 optional:u8 pad:1
 *                         algorithms: three masks of u32                                                   (64 bytes)
 */
import { addressText, familyOf } from './address-bytes.ts';
import { attribute, attributesOf, type Message, NLM_F_CREATE, NLM_F_EXCL, type Request, u32 } from './wire.ts';
import {
  CURRENT_BYTES,
  decodeSelector,
  encodeId,
  encodeSelector,
  LIMITS_BYTES,
  SELECTOR_BYTES,
  type Selector,
  unlimited,
  wideAddress,
  XFRM_MODE_TUNNEL,
  XFRMA_IF_ID,
} from './xfrm-wire.ts';

const XFRM_MSG_NEWPOLICY = 19;
const XFRM_MSG_DELPOLICY = 20;
const XFRM_MSG_GETPOLICY = 21;
const XFRM_MSG_UPDPOLICY = 25;
const XFRMA_TMPL = 5;
const DIRECTIONS = ['in', 'out', 'fwd'] as const;
const POLICY_BYTES = 168;
const TEMPLATE_BYTES = 64;
/** The smaller, the earlier; those that other programs make for whole networks have larger ones. */
const PRIORITY = 1_000;

export type Direction = (typeof DIRECTIONS)[number];

export interface Policy {
  readonly direction: Direction;
  /** The packets it is about. */
  readonly inside: Selector;
  /** Outer addresses of the SA, in the direction of the packets. */
  readonly outer: Selector;
  readonly reqid: number;
  /** Of the only SA that will do; 0 = any of this reqid. */
  readonly spi: number;
  readonly interfaceId?: number;
}

/** Its name to the kernel. */
export type PolicyId = Pick<Policy, 'direction' | 'inside' | 'interfaceId'>;

/** Fails with EEXIST when there is one about the same packets. */
export const addPolicy = (policy: Policy): Request => ({
  what: `add ${nameOf(policy)}`,
  type: XFRM_MSG_NEWPOLICY,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  body: policyBody(policy),
});

/** Puts it in the place of the one about the same packets, at once for each packet that comes from now on. */
export const replacePolicy = (policy: Policy): Request => ({
  what: `replace ${nameOf(policy)}`,
  type: XFRM_MSG_UPDPOLICY,
  flags: 0,
  body: policyBody(policy),
});

/** Fails with ENOENT when there is none. */
export const deletePolicy = (id: PolicyId): Request => ({
  what: `delete ${nameOf(id)}`,
  type: XFRM_MSG_DELPOLICY,
  flags: 0,
  body: idBody(id),
});

export const allPolicies = (): Request => ({
  what: 'list policies',
  type: XFRM_MSG_GETPOLICY,
  flags: 0,
  body: Buffer.alloc(0),
});

/** One from host to host through one SA of ESP; undefined for every other. @throws {RangeError} */
export function readPolicy({ type, body }: Message): Policy | undefined {
  if (type !== XFRM_MSG_NEWPOLICY || body.length < POLICY_BYTES) return undefined;
  const attributes = attributesOf(body, POLICY_BYTES);
  const inside = decodeSelector(body);
  const direction = DIRECTIONS[body.readUInt8(160)];
  const template = attributes.get(XFRMA_TMPL);
  if (inside === undefined || direction === undefined || template?.length !== TEMPLATE_BYTES) return undefined;
  const outer = decodeTemplate(template);
  const interfaceId = attributes.get(XFRMA_IF_ID)?.readUInt32LE(0) ?? 0;
  return { direction, inside, ...outer, ...(interfaceId === 0 ? {} : { interfaceId }) };
}

function policyBody(policy: Policy): Buffer {
  const tail = Buffer.alloc(POLICY_BYTES - SELECTOR_BYTES - LIMITS_BYTES - CURRENT_BYTES);
  tail.writeUInt32LE(PRIORITY, 0);
  tail[8] = DIRECTIONS.indexOf(policy.direction);
  return Buffer.concat([
    encodeSelector(policy.inside),
    unlimited(),
    Buffer.alloc(CURRENT_BYTES),
    tail,
    attribute(XFRMA_TMPL, template(policy)),
    ...interfaceOf(policy),
  ]);
}

function template({ outer, reqid, spi }: Policy): Buffer {
  const tail = Buffer.alloc(20);
  tail.writeUInt32LE(reqid, 0);
  tail[4] = XFRM_MODE_TUNNEL;
  // Whatever algorithms the SA has.
  tail.fill(0xff, 8);
  const family = Buffer.alloc(4);
  family.writeUInt16LE(familyOf(outer.destination), 0);
  return Buffer.concat([encodeId(outer.destination, spi), family, wideAddress(outer.source), tail]);
}

function decodeTemplate(bytes: Buffer): Pick<Policy, 'outer' | 'reqid' | 'spi'> {
  const family = bytes.readUInt16LE(24);
  const address = (at: number): string => addressText(bytes.subarray(at, at + 16), family);
  const outer = { source: address(28), destination: address(0) };
  return { outer, spi: bytes.readUInt32BE(16), reqid: bytes.readUInt32LE(44) };
}

function idBody(id: PolicyId): Buffer {
  const tail = Buffer.alloc(8);
  tail[4] = DIRECTIONS.indexOf(id.direction);
  return Buffer.concat([encodeSelector(id.inside), tail, ...interfaceOf(id)]);
}

const interfaceOf = ({ interfaceId }: Pick<Policy, 'interfaceId'>): Buffer[] =>
  interfaceId === undefined ? [] : [attribute(XFRMA_IF_ID, u32(interfaceId))];

const nameOf = ({ direction, inside }: Pick<Policy, 'direction' | 'inside'>): string =>
  `policy ${direction} from ${inside.source} to ${inside.destination}`;
