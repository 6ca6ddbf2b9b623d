/**
 * The security associations and policies of an IPsec tunnel, as parts of its half. See `ip xfrm state`, `ip xfrm policy`.
 *
 * The outbound policy names the SPI that is sent with, so that a change of keys happens with one message; the inbound ones take any SA
 * of the tunnel. Each SA has the two overlay addresses as its selector: whatever else a peer puts inside is dropped by the kernel.
 */
import { WormholeError } from '../../lib/errors.ts';
import { addPolicy, deletePolicy, type Policy } from '../../sys/netlink/xfrm-policy.ts';
import { addSa, deleteSa, type SecurityAssociation } from '../../sys/netlink/xfrm-state.ts';
import { unless } from '../failure.ts';
import type { Ends, IpsecHalf, IpsecShape, Sa } from '../half.ts';
import type { Part } from '../part.ts';
import type { NetworkStack } from '../stack.ts';
import { reqidOf, sasOf } from './name.ts';

type Direction = 'in' | 'out';
const TELL_MOVES_SECONDS = 1;

const along = ({ local, remote }: Ends, direction: Direction): { source: string; destination: string } =>
  direction === 'out' ? { source: local, destination: remote } : { source: remote, destination: local };

const interfaceIdOf = (shape: IpsecShape): { interfaceId?: number } =>
  shape.netns === undefined ? {} : { interfaceId: reqidOf(shape) };

/** An SA of the tunnel as the kernel wants it. */
export function associationOf(shape: IpsecShape, direction: Direction, { spi, key }: Sa): SecurityAssociation {
  const { outer, overlay, udp } = shape;
  const ports = udp && along({ local: `${udp.localPort}`, remote: `${udp.remotePort}` }, direction);
  return {
    ...along(outer, direction),
    spi,
    key,
    reqid: reqidOf(shape),
    inside: along(overlay, direction),
    ...(ports === undefined
      ? {}
      : { udp: { sourcePort: Number(ports.source), destinationPort: Number(ports.destination) } }),
    ...interfaceIdOf(shape),
    ...(direction === 'in' && udp !== undefined ? { tellMovesSeconds: TELL_MOVES_SECONDS } : {}),
  };
}

/** @param spi of the SA to send with */
export const outboundPolicy = (shape: IpsecShape, spi: number): Policy => policyOf(shape, 'out', spi);

function policyOf(shape: IpsecShape, direction: Policy['direction'], spi: number): Policy {
  const way = direction === 'out' ? 'out' : 'in';
  return {
    direction,
    inside: along(shape.overlay, way),
    outer: along(shape.outer, way),
    reqid: reqidOf(shape),
    spi,
    ...interfaceIdOf(shape),
  };
}

/** In the order in which nothing can leave before all can come. */
export function associationParts(half: IpsecHalf | IpsecShape, stack: NetworkStack): Part[] {
  const keys = 'in' in half ? half : undefined;
  return [
    saPart(half, stack, 'in', keys?.in),
    saPart(half, stack, 'out', keys?.out),
    policyPart(half, stack, 'in', 0),
    policyPart(half, stack, 'fwd', 0),
    policyPart(half, stack, 'out', keys?.out.spi ?? 0),
  ];
}

/** @param sa absent = it is only looked for or removed */
function saPart(shape: IpsecShape, stack: NetworkStack, direction: Direction, sa: Sa | undefined): Part {
  return {
    what: `${direction}bound security association`,
    async add() {
      if (sa === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'a security association without a key');
      await stack.xfrm.ask(addSa(associationOf(shape, direction, sa)));
    },
    present: async () => (await sasOf(stack, shape, direction)).length > 0,
    async remove() {
      for (const sa of await sasOf(stack, shape, direction)) await unless(stack.xfrm.ask(deleteSa(sa)), 'ESRCH');
    },
  };
}

function policyPart(shape: IpsecShape, stack: NetworkStack, direction: Policy['direction'], spi: number): Part {
  const policy = policyOf(shape, direction, spi);
  /** Ours by the packets and by the tunnel; one about the same packets of another program is not. */
  const find = async (): Promise<Policy | undefined> => {
    const all = (await stack.policies()).of(policy.reqid);
    return all.find(
      (found) =>
        found.direction === direction &&
        found.inside.source === policy.inside.source &&
        found.inside.destination === policy.inside.destination,
    );
  };
  return {
    what: `policy ${direction}`,
    add: () => stack.xfrm.ask(addPolicy(policy)),
    present: async () => (await find()) !== undefined,
    async remove() {
      const found = await find();
      if (found !== undefined) await unless(stack.xfrm.ask(deletePolicy(found)), 'ENOENT');
    },
  };
}
