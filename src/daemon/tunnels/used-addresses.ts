/** Overlay addresses that cannot be had: of tunnels, of negotiations under way, of this machine's interfaces. */
import { networkInterfaces } from 'node:os';
import type { Tunnel } from './tunnel.ts';

/** As they are now, asked about once. @param except whose addresses can be had again */
export function usedAddresses(
  tunnels: readonly Tunnel[],
  reserved: Iterable<string>,
  except: Tunnel | undefined,
): (address: string) => boolean {
  const ends = ({ record }: Tunnel): string[] => [record.shape.overlay.local, record.shape.overlay.remote];
  const interfaces = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const used = new Set([...tunnels.flatMap(ends), ...reserved, ...interfaces]);
  const free = new Set(except === undefined ? [] : ends(except));
  return (address) => used.has(address) && !free.has(address);
}
