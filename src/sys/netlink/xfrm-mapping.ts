/**
 * What the kernel tells when packets of an SA in UDP, which it has opened with the SA's key, come from another address than before: a
 * NAT in between has chosen another port. Pure. See linux/xfrm.h.
 *
 *   xfrm_user_mapping  xfrm_usersa_id:24 reqid:u32 old address:16 new address:16 old port:be16 new port:be16   (64 bytes)
 */
import type { IpEndpoint } from '../sockaddr.ts';
import { addressText } from './address-bytes.ts';
import type { Message } from './wire.ts';

const XFRM_MSG_MAPPING = 38;

export interface Mapping {
  readonly spi: number;
  readonly reqid: number;
  /** Where the peer is seen now. */
  readonly seen: IpEndpoint;
}

/** @throws {RangeError} */
export function readMapping({ type, body }: Message): Mapping | undefined {
  if (type !== XFRM_MSG_MAPPING) return undefined;
  return {
    spi: body.readUInt32BE(16),
    reqid: body.readUInt32LE(24),
    seen: { host: addressText(body.subarray(44, 60), body.readUInt16LE(20)), port: body.readUInt16BE(62) },
  };
}
