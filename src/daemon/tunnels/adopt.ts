/** Takes up a tunnel that an earlier process of this daemon has made: whole, in parts, or not there any more. */
import { Scope } from '../../lib/scope.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { Tunnel } from './tunnel.ts';
import type { Tunnels } from './tunnels.ts';

/**
 * @param netns that its end is in; taken over
 * @returns false when it is lost, and can be made again with its peer
 */
export async function adopt(tunnels: Tunnels, tunnel: Tunnel, netns: NetNamespace | undefined): Promise<boolean> {
  const { shape } = tunnel.record;
  await using attempt = new Scope(`tunnel ${tunnel.id}`);
  if (netns !== undefined) attempt.use(netns);
  const port = shape.kind === 'wireguard' ? shape.listenPort : shape.udp?.localPort;
  if (port !== undefined) attempt.use(tunnels.ports.hold(port));
  const kernel = await tunnels.kernel();
  const placed = netns === undefined ? shape : { ...shape, netns };
  const found = await kernel.adopt(placed);
  if ('partial' in found) {
    const lost = found.partial.length === 0;
    const reason = lost
      ? 'it is not there any more; made again when the peer is linked'
      : `there is ${found.partial.join(', ')}, but not ${found.missing.join(', ')}`;
    tunnel.troubled({ state: lost ? 'stale' : 'partial', reason, lost });
    return !lost;
  }
  const scope = new Scope(`tunnel ${tunnel.id}`);
  attempt.moveTo(scope);
  tunnels.stands(tunnel, { installed: found, scope });
  return true;
}
