/** `tunnel-gc`: removes what is no whole tunnel any more, and what nobody remembers. */
import { Deadline } from '../../lib/deadline.ts';
import type { TunnelSweep } from '../../spec/api.ts';
import type { Remain, TunnelShape } from '../../tunnel/half.ts';
import { reasonOf } from '../status.ts';
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
    let left = '';
    await tunnels.remove(tunnel).catch((error: unknown) => {
      left = `; not all of it would go: ${reasonOf(error)}`;
    });
    using limit = new Deadline(TELL_MS, signal);
    await calls?.remove(tunnel.id, limit.signal).catch(() => undefined);
    removed.push(`tunnel to ${peer}, ${shape.overlay.local} ${shape.overlay.remote}: ${why}${left}`);
  }
  const { network: address, bits: prefix } = tunnels.range;
  const remains = await (await tunnels.kernel()).remains({ address, prefix });
  const known = knownBy(tunnels.list.map(({ record }) => record.shape));
  for (const remain of remains) {
    if (isOf(remain, known)) continue;
    try {
      await remain.remove();
      removed.push(remain.parts.join(', '));
    } catch (error) {
      removed.push(`${remain.parts.join(', ')}: left, ${reasonOf(error)}`);
    }
  }
  return { removed };
}

/** What parts of those tunnels may be known by: their addresses, and what parts without one are called. */
function knownBy(shapes: readonly TunnelShape[]): ReadonlySet<string> {
  return new Set(
    shapes.flatMap((shape) => {
      const { local, remote } = shape.overlay;
      if (shape.kind === 'wireguard') {
        const { name, listenPort } = shape;
        return [local, remote, `interface ${name}`, `count at UDP port ${listenPort}`];
      }
      return shape.udp === undefined ? [local, remote] : [local, remote, `UDP port ${shape.udp.localPort}`];
    }),
  );
}

function isOf({ overlay, parts }: Remain, known: ReadonlySet<string>): boolean {
  return [overlay.local, overlay.remote, ...parts].some((name) => name !== undefined && known.has(name));
}

/** One that waits for its peer, or for its container, is no garbage. */
async function reasonToGo(tunnel: Tunnel): Promise<string | undefined> {
  if (tunnel.record.phase === 'installing') return undefined;
  if (tunnel.trouble?.lost === true) return undefined;
  if (tunnel.attachment?.problem !== undefined) return undefined;
  const { state, reason } = await tunnel.describe();
  return state === 'complete' ? undefined : reason;
}
