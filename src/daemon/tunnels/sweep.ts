/** `tunnel-gc`: removes what is no whole tunnel any more, and what nobody remembers. */
import { Deadline } from '../../lib/deadline.ts';
import type { TunnelSweep } from '../../spec/api.ts';
import type { Remain, TunnelShape } from '../../tunnel/half.ts';
import { reasonOf } from '../wormhole/status.ts';
import type { Tunnel } from './tunnel.ts';
import type { Tunneling } from './tunneling.ts';

/** Milliseconds that a peer has to be told. */
const TELL_MS = 5_000;

export async function sweep(tunneling: Tunneling, signal: AbortSignal): Promise<TunnelSweep> {
  const { tunnels } = tunneling;
  const removed: string[] = [];
  for (const tunnel of tunnels.list) {
    const why = await reasonToGo(tunnel);
    if (why === undefined) continue;
    const calls = tunneling.linkedTo(tunnel.record);
    const { peer, shape } = tunnel.record;
    await tunnels.remove(tunnel);
    using limit = new Deadline(TELL_MS, signal);
    await calls?.remove(tunnel.id, limit.signal).catch(() => undefined);
    removed.push(`tunnel to ${peer}, ${shape.overlay.local} ${shape.overlay.remote}: ${why}`);
  }
  const { network: address, bits: prefix } = tunnels.range;
  for (const remain of await (await tunnels.kernel()).remains({ address, prefix })) {
    if (tunnels.list.some(({ record }) => isOf(remain, record.shape))) continue;
    try {
      await remain.remove();
      removed.push(remain.parts.join(', '));
    } catch (error) {
      removed.push(`${remain.parts.join(', ')}: left, ${reasonOf(error)}`);
    }
  }
  return { removed };
}

/** Parts without an address of their own are known by what they are called. */
function isOf({ overlay, parts }: Remain, shape: TunnelShape): boolean {
  const { local, remote } = shape.overlay;
  const addressed = [overlay.local, overlay.remote].some((address) => address === local || address === remote);
  const named =
    shape.kind === 'wireguard' ? shape.name : shape.udp === undefined ? undefined : `UDP port ${shape.udp.localPort}`;
  return addressed || (named !== undefined && parts.some((part) => part.split(' on ').at(-1)?.endsWith(named)));
}

/** One that waits for its peer, or for its container, is no garbage. */
async function reasonToGo(tunnel: Tunnel): Promise<string | undefined> {
  if (tunnel.record.phase === 'installing') return undefined;
  if (tunnel.trouble?.lost === true) return undefined;
  if (tunnel.attachment?.problem !== undefined) return undefined;
  const { state, reason } = await tunnel.describe();
  return state === 'complete' ? undefined : reason;
}
