/**
 * Both halves of an IPsec tunnel between two `TunnelHosts`, and what installing them takes.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { InstalledIpsec, IpsecHalf, Sa } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { Netns } from './netns.ts';
import type { TunnelHosts } from './tunnel-hosts.ts';

export interface IpsecGrounds {
  /** Why nothing can be tested; undefined when it can. */
  readonly missing: string | undefined;
  /** User-mode Linux has no firewall of IPv4. */
  readonly unprotected: boolean;
  /** xfrm interfaces are there. */
  readonly attachable: boolean;
}

/** What this kernel has for IPsec; what it has not is said once. */
export async function ipsecGrounds(): Promise<IpsecGrounds> {
  const grounds = await look();
  const { missing, unprotected, attachable } = grounds;
  if (process.env['CI'] !== undefined && (missing !== undefined || unprotected || !attachable)) {
    throw new Error(
      `nothing may be skipped on CI: ${missing ?? (unprotected ? 'nf_tables' : 'xfrm_interface')} is missing`,
    );
  }
  if (grounds.missing !== undefined) console.log(`skipped: ${grounds.missing}`);
  else {
    if (grounds.unprotected) console.log('skipped: what needs nf_tables');
    if (!grounds.attachable) console.log('skipped: what needs xfrm_interface');
  }
  return grounds;
}

async function look(): Promise<IpsecGrounds> {
  const root = Netns.missing();
  if (root !== undefined) return { missing: root, unprotected: false, attachable: false };
  using room = Netns.create();
  using tunnels = new KernelTunnels({ namespace: room.namespace });
  const { ipsec, ipsecAttached, protection } = await tunnels.abilities();
  return {
    missing: ipsec.works ? undefined : `the kernel has not got ${ipsec.missing}`,
    unprotected: !protection.works,
    attachable: ipsecAttached.works,
  };
}

export const newSa = (): Sa => ({ spi: randomInt(256, 2 ** 32 - 1), key: randomBytes(36) });

export function ipsecHalves(change: Partial<IpsecHalf> = {}, outer6 = false): [IpsecHalf, IpsecHalf] {
  const [one, two] = outer6 ? ['fd09::1', 'fd09::2'] : ['10.9.0.1', '10.9.0.2'];
  const [ab, ba] = [newSa(), newSa()];
  const overlay = { local: '100.65.0.2', remote: '100.65.0.3' };
  const back = { local: overlay.remote, remote: overlay.local };
  return [
    { kind: 'ipsec', outer: { local: one, remote: two }, overlay, out: ab, in: ba, ...change },
    { kind: 'ipsec', outer: { local: two, remote: one }, overlay: back, out: ba, in: ab, ...change },
  ];
}

export async function bothEnds(hosts: TunnelHosts, made = ipsecHalves()): Promise<[InstalledIpsec, InstalledIpsec]> {
  return [await hosts.tunnelsA.install(made[0]), await hosts.tunnelsB.install(made[1])];
}
