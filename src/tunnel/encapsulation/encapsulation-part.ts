/** The UDP socket of an IPsec tunnel, as a part of its half. */
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import type { Encapsulation, IpsecShape } from '../half.ts';
import type { Part } from '../part.ts';
import type { Holding } from './holding.ts';

export function encapsulationParts({ outer, udp }: IpsecShape, holding: Holding): Part[] {
  if (udp === undefined) return [];
  const local = localOf(outer.local, udp);
  const remote = { host: outer.remote, port: udp.remotePort };
  return [
    {
      what: `UDP port ${udp.localPort}`,
      mends: true,
      add: () => holding.open({ local, remote, keepaliveSeconds: udp.keepaliveSeconds }),
      present: () => holding.has(local),
      remove: () => holding.close(local),
    },
  ];
}

export const localOf = (host: string, { localPort }: Encapsulation): IpEndpoint => ({ host, port: localPort });
