/**
 * How the parts of an IPsec tunnel are known to belong together: by its local overlay address, as a number.
 */
import { addressBytes } from '../../sys/netlink/address-bytes.ts';
import type { SaState } from '../../sys/netlink/xfrm-state.ts';
import type { IpsecShape } from '../half.ts';
import type { NetworkStack } from '../stack.ts';

/**
 * What SAs and policies of one tunnel have in common for the kernel. Key daemons count theirs from 1, so they do not meet ours; and
 * the id of the xfrm interface is the same number.
 */
export const reqidOf = ({ overlay }: Pick<IpsecShape, 'overlay'>): number =>
  addressBytes(overlay.local).readUInt32BE(0);

/** Of a tunnel that ends in a container. */
export const interfaceNameOf = (shape: Pick<IpsecShape, 'overlay'>): string =>
  `whx${reqidOf(shape).toString(16).padStart(8, '0')}`;

/** The SAs of a tunnel that there are, of one direction. */
export async function sasOf(stack: NetworkStack, shape: IpsecShape, direction: 'in' | 'out'): Promise<SaState[]> {
  const reqid = reqidOf(shape);
  const { local, remote } = shape.outer;
  const [source, destination] = direction === 'out' ? [local, remote] : [remote, local];
  const all = (await stack.sas()).of(reqid);
  return all.filter((sa) => sa.source === source && sa.destination === destination);
}

/** As its SAs are: a NAT may have chosen another port for the peer since that was written down. */
export async function withPorts(stack: NetworkStack, shape: IpsecShape): Promise<IpsecShape> {
  const { udp } = shape;
  if (udp === undefined) return shape;
  const [sa] = await sasOf(stack, shape, 'out');
  return { ...shape, udp: { ...udp, remotePort: sa?.udp?.destinationPort ?? udp.remotePort } };
}

/** What may be kept of a half. */
export function withoutKeys({ kind, outer, overlay, udp, mtu, netns }: IpsecShape): IpsecShape {
  return {
    kind,
    outer,
    overlay,
    ...(udp === undefined ? {} : { udp }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(netns === undefined ? {} : { netns }),
  };
}
