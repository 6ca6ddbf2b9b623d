/**
 * A WireGuard tunnel as parts, in the order in which they are added.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { WireguardPeerChange } from '../../sys/netlink/wireguard.ts';
import type { Ground } from '../ground.ts';
import type { WireguardHalf, WireguardShape } from '../half.ts';
import { guardParts, innerParts, linkIndex } from '../inner-parts.ts';
import type { Part } from '../part.ts';
import type { WireguardEngine } from './engine.ts';
import { interfacePart } from './interface-part.ts';
import { peerKey } from './recent-looks.ts';

export function wireguardParts(half: WireguardHalf | WireguardShape, ground: Ground, engine: WireguardEngine): Part[] {
  const index = (): Promise<number | undefined> => linkIndex(ground.inner.stack, half.name);
  return [
    ...guardParts(ground, half, half.name),
    interfacePart(half, ground, engine),
    ...arrivalsParts(half, ground, engine),
    peerPart(half, ground, engine),
    ...innerParts(half, ground, { address: index, route: index }),
  ];
}

/** What the part is called, for those who know the tunnel by its port. */
export const countAt = (listenPort: number): string => `count at UDP port ${listenPort}`;

/** Before the peer, so that of a new interface nothing was received yet that was not counted to come. Goes with the interface. */
function arrivalsParts({ name, listenPort }: WireguardShape, { inner }: Ground, engine: WireguardEngine): Part[] {
  const { arrivals } = engine;
  if (arrivals === undefined) return [];
  const { stack } = inner;
  const port = { name, listenPort };
  const settled = async (): Promise<number> => {
    const link = await stack.link(name);
    return link === undefined ? 0 : link.received + Math.max(link.dropped, arrivals.told(name));
  };
  return [
    {
      what: countAt(listenPort),
      mends: true,
      add: () => arrivals.add(port, settled),
      present: () => arrivals.has(port),
      async remove() {
        const there = await stack.link(name);
        const shared = there !== undefined && ((await engine.look(stack, name))?.peers.length ?? 0) > 0;
        if (!shared) await arrivals.remove(name);
      },
    },
  ];
}

function peerPart(half: WireguardHalf | WireguardShape, { inner }: Ground, engine: WireguardEngine): Part {
  const { name, overlay } = half;
  const { publicKey } = half.peer;
  const { stack } = inner;
  return {
    what: `peer on ${name}`,
    async add() {
      const peers = (await engine.look(stack, name))?.peers ?? [];
      // WireGuard itself would take the address from the other peer without a word.
      const taken = peers.some(
        (peer) => peer.publicKey.equals(publicKey) || peer.allowed.includes(`${overlay.remote}/32`),
      );
      if (taken) {
        const message = `interface ${name} has a peer with this key or with ${overlay.remote} already`;
        throw new WormholeError('WH_ERR_TUNNEL_CONFLICT', message);
      }
      await engine.addPeer(stack, name, peerOf(half));
    },
    async present() {
      return (await engine.lookAgain(stack, name))?.has(peerKey(half.peer)) === true;
    },
    remove: () => engine.removePeer(stack, name, publicKey),
  };
}

function peerOf({ peer, overlay }: WireguardHalf | WireguardShape): WireguardPeerChange {
  const { publicKey, endpoint, keepaliveSeconds } = peer;
  return {
    publicKey,
    allowed: overlay.remote,
    ...('presharedKey' in peer && peer.presharedKey !== undefined ? { presharedKey: peer.presharedKey } : {}),
    ...(endpoint === undefined ? {} : { endpoint: { host: endpoint.address, port: endpoint.port } }),
    ...(keepaliveSeconds === undefined ? {} : { keepaliveSeconds }),
  };
}
