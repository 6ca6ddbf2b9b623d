/**
 * The xfrm interface of an IPsec tunnel that ends in a container: made in the host, where security associations and policies
 * are, and moved into the container, where the plain packets are.
 */
import { changeLink, createLink, deleteLink, type Link, moveLink, xfrmLinkData } from '../../sys/netlink/link.ts';
import { unless } from '../failure.ts';
import type { Ground } from '../ground.ts';
import type { IpsecShape } from '../half.ts';
import type { Part } from '../part.ts';
import { interfaceNameOf, reqidOf } from './name.ts';

/** Room for ESP, UDP and IPv6 in Ethernet's 1500. */
const MTU = 1_400;

export function interfacePart(shape: IpsecShape, { host, inner, attached }: Ground): Part {
  const name = interfaceNameOf(shape);
  const remove = async (): Promise<void> => {
    for (const { stack } of [inner, host]) {
      const link = await stack.link(name);
      if (link?.kind === 'xfrm') await unless(stack.route.ask(deleteLink(link)), 'ENODEV');
    }
  };
  return {
    what: `interface ${name}`,
    async add() {
      if (attached === undefined) return;
      await host.stack.route.ask(createLink({ name, kind: 'xfrm', data: xfrmLinkData(reqidOf(shape)) }));
      try {
        const made: Link | undefined = await host.stack.link(name);
        if (made !== undefined) await host.stack.route.ask(moveLink(made, attached.fd));
        const moved = await inner.stack.link(name);
        const { mtu = MTU } = shape;
        if (moved !== undefined) await inner.stack.route.ask(changeLink(moved, { up: true, mtu }));
      } catch (error) {
        await remove().catch(() => undefined);
        throw error;
      }
    },
    present: async () => (await inner.stack.linkAgain(name))?.up === true,
    remove,
  };
}
