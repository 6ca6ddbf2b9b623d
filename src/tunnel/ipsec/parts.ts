/**
 * An IPsec tunnel as parts, in the order in which they are added: nothing can leave in clear text before the guard stands, and
 * the address, by which programs find the tunnel, comes when it works.
 */
import { lookUpRoute, readRoute } from '../../sys/netlink/route.ts';
import { encapsulationParts } from '../encapsulation/encapsulation-part.ts';
import type { Holding } from '../encapsulation/holding.ts';
import type { Ground } from '../ground.ts';
import type { IpsecHalf, IpsecShape } from '../half.ts';
import { guardParts, innerParts, linkIndex } from '../inner-parts.ts';
import type { Part } from '../part.ts';
import { associationParts } from './associations.ts';
import { interfacePart } from './interface-part.ts';
import { interfaceNameOf } from './name.ts';

/** Of every namespace. */
const LOOPBACK_INDEX = 1;

export function ipsecParts(half: IpsecHalf | IpsecShape, ground: Ground, holding: Holding): Part[] {
  const { outer } = half;
  const encapsulation = encapsulationParts(half, holding);
  const associations = associationParts(half, ground.host.stack);
  if (ground.attached === undefined) {
    /** Packets are routed as if they went to the other end in clear text; the policy then takes them. */
    const way = async (): Promise<number | undefined> => {
      const body = await ground.host.stack.route.get(lookUpRoute(outer.remote, outer.local));
      return readRoute(body)?.index;
    };
    const loopback = (): Promise<number> => Promise.resolve(LOOPBACK_INDEX);
    const inner = innerParts(half, ground, { address: loopback, route: way });
    return [...encapsulation, ...guardParts(ground, half), ...associations, ...inner];
  }
  const name = interfaceNameOf(half);
  const index = (): Promise<number | undefined> => linkIndex(ground.inner.stack, name);
  return [
    ...encapsulation,
    ...guardParts(ground, half, name),
    ...associations,
    interfacePart(half, ground),
    ...innerParts(half, ground, { address: index, route: index }),
  ];
}
