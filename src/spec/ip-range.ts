/** Ranges of addresses, `10.0.0.0/8` or `2001:db8::/32`; an address alone is a range of one. */
import { invalid, show } from './invalid.ts';
import { parseIp, unmapped } from './ip.ts';

export interface IpRange {
  /** Four or sixteen; host bits are zero. */
  readonly bytes: readonly number[];
  /** How many leading bits count. */
  readonly bits: number;
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID, also when host bits are set: nobody can tell what was meant */
export function parseIpRange(text: string): IpRange {
  const [address = '', length, ...more] = text.split('/');
  const bytes = parseIp(address);
  if (bytes === undefined || more.length > 0) {
    throw invalid(`${show(text)} is not a range of addresses; write 10.0.0.0/8, 2001:db8::/32 or one address`);
  }
  if (unmapped(bytes).length !== bytes.length) {
    throw invalid(`${show(text)} is IPv4 written as IPv6; write the IPv4 range`);
  }
  const most = bytes.length * 8;
  const bits = length === undefined ? most : /^(?:0|[1-9][0-9]{0,2})$/.test(length) ? Number(length) : most + 1;
  if (bits > most) throw invalid(`${show(text)} has no usable prefix length; it goes from 0 to ${most}`);
  const range = { bytes: bytes.map((byte, index) => byte & maskByte(bits, index)), bits };
  if (String(range.bytes) !== String(bytes)) {
    throw invalid(`${show(text)} has bits beyond its prefix; write the first address of the range, or a longer prefix`);
  }
  return range;
}

/** @param address its bytes; IPv4 behind `::ffff:` counts as IPv4 */
export function inRange({ bytes, bits }: IpRange, address: readonly number[]): boolean {
  const plain = unmapped(address);
  return (
    plain.length === bytes.length &&
    bytes.every((byte, index) => byte === ((plain[index] ?? 0) & maskByte(bits, index)))
  );
}

/** True for a range of one address. */
export function isSingle({ bytes, bits }: IpRange): boolean {
  return bits === bytes.length * 8;
}

function maskByte(bits: number, index: number): number {
  const here = Math.min(8, Math.max(0, bits - index * 8));
  return (0xff << (8 - here)) & 0xff;
}
