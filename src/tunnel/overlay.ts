/**
 * Overlay addresses: pairs out of the range that all hosts agree on (`-C`), one address for each end of a tunnel.
 *
 * A pair is an aligned /31, so that whoever sees one address knows the other. Which pair two hosts try first depends on who they are: they
 * come to the same one from either end, and again after both have forgotten it. Pure.
 */
import { createHash } from 'node:crypto';
import { formatIp, parseIpv4 } from '../spec/ip.ts';

/** An IPv4 range with its host bits cleared; `bits` at most 31. */
export interface OverlayRange {
  readonly network: string;
  readonly bits: number;
}

/** The two addresses of a tunnel; `low` is the even one. */
export interface OverlayPair {
  readonly low: string;
  readonly high: string;
}

/** How many tunnels a range has room for. */
export function pairCount({ bits }: OverlayRange): number {
  return 2 ** (31 - bits);
}

/** @param index from 0, below {@link pairCount} */
export function pairAt(range: OverlayRange, index: number): OverlayPair {
  const low = toNumber(range.network) + 2 * index;
  return { low: toText(low), high: toText(low + 1) };
}

/** The pair that an address belongs to; undefined for what is no IPv4 address of the range, in plain spelling. */
export function pairOf(range: OverlayRange, address: string): OverlayPair | undefined {
  if (parseIpv4(address) === undefined) return undefined;
  const index = Math.floor((toNumber(address) - toNumber(range.network)) / 2);
  return index < 0 || index >= pairCount(range) ? undefined : pairAt(range, index);
}

/** Whether two addresses are the two of one pair of the range. */
export function arePair(range: OverlayRange, one: string, other: string): boolean {
  const pair = pairOf(range, one);
  return pair !== undefined && one !== other && (other === pair.low || other === pair.high);
}

/**
 * The pairs that nobody uses, in the order in which two hosts try them.
 *
 * @param hosts ids of the two, in any order @param most of them; fewer when the range is nearly full, none when it is
 */
export function freePairs(
  range: OverlayRange,
  hosts: readonly [string, string],
  isUsed: (address: string) => boolean,
  most: number,
): readonly OverlayPair[] {
  const count = pairCount(range);
  const first =
    createHash('sha256')
      .update([...hosts].sort().join(' '))
      .digest()
      .readUIntBE(0, 6) % count;
  const found: OverlayPair[] = [];
  for (let tried = 0; tried < count && found.length < most; tried += 1) {
    const pair = pairAt(range, (first + tried) % count);
    if (!isUsed(pair.low) && !isUsed(pair.high)) found.push(pair);
  }
  return found;
}

function toNumber(address: string): number {
  return (parseIpv4(address) ?? []).reduce((sum, byte) => sum * 256 + byte, 0);
}

function toText(value: number): string {
  return formatIp([24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256));
}
