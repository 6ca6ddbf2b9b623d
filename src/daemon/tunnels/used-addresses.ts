/** Overlay addresses that cannot be had: of tunnels, of negotiations under way, of the networks that this machine is in. */
import { networkInterfaces } from 'node:os';
import { parseIpv4 } from '../../spec/ip.ts';
import type { Tunnel } from './tunnel.ts';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** As they are now, asked about once. @param except whose addresses can be had again */
export function usedAddresses(
  tunnels: readonly Tunnel[],
  reserved: Iterable<string>,
  except: Tunnel | undefined,
  interfaces: Interfaces = networkInterfaces(),
): (address: string) => boolean {
  const ends = ({ record }: Tunnel): string[] => [record.shape.overlay.local, record.shape.overlay.remote];
  const used = new Set([...tunnels.flatMap(ends), ...reserved]);
  const free = new Set(except === undefined ? [] : ends(except));
  const networks = networksOf(interfaces);
  const isOfNetwork = (address: string): boolean =>
    networks.some(({ network, mask }) => maskedBy(mask, address) === network);
  return (address) => !free.has(address) && (used.has(address) || isOfNetwork(address));
}

/** A tunnel would take its neighbours from a network that has the same addresses. One address alone is a network, too. */
function networksOf(interfaces: Interfaces): Array<{ readonly network: number; readonly mask: number }> {
  return Object.values(interfaces)
    .flatMap((all) => all ?? [])
    .filter(({ family, netmask }) => family === 'IPv4' && netmask !== '0.0.0.0')
    .map(({ address, netmask }) => {
      const mask = numberOf(netmask);
      return { network: maskedBy(mask, address), mask };
    });
}

const numberOf = (address: string): number => Buffer.from(parseIpv4(address) ?? [0, 0, 0, 0]).readUInt32BE(0);

const maskedBy = (mask: number, address: string): number => (numberOf(address) & mask) >>> 0;
