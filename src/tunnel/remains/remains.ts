/**
 * What was found of tunnels, put together by tunnel. Pure but for the removal that each part brings with it.
 */
import { isIPv4 } from 'node:net';
import { addressBytes } from '../../sys/netlink/address-bytes.ts';
import type { Ends, OverlayRange, Remain } from '../half.ts';
import { removeParts } from '../part.ts';
import type { Found } from './found.ts';

/** @param range only what has no address outside it */
export function remainsOf(found: readonly Found[], range: OverlayRange): Remain[] {
  const inRange = within(range);
  const groups = new Map<string, Found[]>();
  for (const part of found) {
    const { local, remote } = part;
    if (![local, remote].every((address) => address === undefined || inRange(address))) continue;
    // What has no address at all belongs to nothing else that was found.
    const key = local ?? remote ?? `no address, ${part.what}`;
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  // Sets of the firewall tell their elements in no order.
  const sorted = [...groups].sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
  return sorted.map(([, parts]) => ({
    overlay: overlayOf(parts),
    parts: parts.map(({ what }) => what),
    remove: () => removeParts(parts.map((part) => ({ ...part, add: never, present: never }))),
  }));
}

const never = (): Promise<never> => Promise.reject(new Error('what remains is only removed'));

function overlayOf(parts: readonly Found[]): Partial<Ends> {
  const local = parts.find((part) => part.local !== undefined)?.local;
  const remote = parts.find((part) => part.remote !== undefined)?.remote;
  return { ...(local === undefined ? {} : { local }), ...(remote === undefined ? {} : { remote }) };
}

function within({ address, prefix }: OverlayRange): (address: string) => boolean {
  const mask = prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0;
  const networkOf = (other: string): number => (addressBytes(other).readUInt32BE(0) & mask) >>> 0;
  const network = networkOf(address);
  return (other) => isIPv4(other) && networkOf(other) === network;
}
