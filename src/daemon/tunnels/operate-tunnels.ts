/** The operations of the control API that are about tunnels and their halves. */
import { Deadline } from '../../lib/deadline.ts';
import { formatAddress } from '../../spec/address.ts';
import type { TunnelQuery, TunnelRemoval } from '../../spec/api.ts';
import type { Operations } from '../api/operations.ts';
import { readAddress } from '../read-address.ts';
import { reasonOf } from '../status.ts';
import { sweep } from './sweep.ts';
import type { Tunnel } from './tunnel.ts';
import type { Tunneling } from './tunneling.ts';
import { notFound } from './tunnels.ts';

/** Milliseconds that the other end has to remove its half. */
const REMOVE_MS = 5_000;

export type TunnelOperations = Pick<
  Operations,
  | 'tunnels'
  | 'createTunnel'
  | 'removeTunnels'
  | 'sweepTunnels'
  | 'pingTunnel'
  | 'offerHalf'
  | 'commitHalf'
  | 'half'
  | 'removeHalf'
  | 'rekeyHalf'
>;

export function tunnelOperations(tunneling: Tunneling): TunnelOperations {
  const { tunnels, answers } = tunneling;
  /** Before that a tunnel of before would be told as lost. */
  const known = async <T>(answer: () => Promise<T>): Promise<T> => {
    await tunneling.restored;
    return await answer();
  };
  return {
    tunnels: () => known(async () => ({ tunnels: await Promise.all(tunnels.list.map((tunnel) => tunnel.describe())) })),
    createTunnel: async (request, { signal }) =>
      await (await tunneling.ensure({ ...request, peer: readAddress(request.peer) }, signal)).describe(),
    removeTunnels: (query, { signal }) => known(() => remove(tunneling, query, signal)),
    sweepTunnels: ({ signal }) => known(() => sweep(tunneling, signal)),
    pingTunnel: (query) =>
      known(async () => {
        const [tunnel] = named(tunneling, query);
        if (tunnel === undefined) throw notFound(`to ${query.peer}`);
        const { pingTunnel } = await import('./ping-tunnel.ts');
        return await pingTunnel(tunnel);
      }),
    offerHalf: (offer, caller) => known(() => answers.offer(offer, caller)),
    commitHalf: (id, caller) => known(() => answers.commit(id, caller)),
    half: (id, caller) => known(() => answers.get(id, caller)),
    removeHalf: (id, caller) => known(() => answers.remove(id, caller)),
    rekeyHalf: (id, rekey, caller) => known(() => answers.rekey(id, rekey, caller)),
  };
}

/** The local half goes in any case, and first. @throws what would not go of one, when all others have gone */
async function remove(tunneling: Tunneling, query: TunnelQuery, signal: AbortSignal): Promise<TunnelRemoval> {
  const all = named(tunneling, query);
  if (all.length === 0) throw notFound(`to ${query.peer}`);
  const removed: TunnelRemoval['removed'] = [];
  const failures: unknown[] = [];
  for (const tunnel of all) {
    const described = await tunnel.describe();
    // The peer is known by it as long as it is there.
    const told = tellPeer(tunneling, tunnel, signal);
    await tunneling.tunnels.remove(tunnel).catch((error: unknown) => failures.push(error));
    removed.push({ tunnel: described, peer: await told });
  }
  if (failures.length > 0) throw failures[0];
  return { removed };
}

async function tellPeer(tunneling: Tunneling, tunnel: Tunnel, signal: AbortSignal): Promise<string> {
  using limit = new Deadline(REMOVE_MS, signal);
  try {
    await tunneling.callsTo(tunnel).remove(tunnel.id, limit.signal);
    return 'removed';
  } catch (error) {
    return limit.signal.aborted ? 'it did not answer; its half is stale now' : reasonOf(error);
  }
}

/** As people call the peer. */
function named({ tunnels }: Tunneling, { peer, attach }: TunnelQuery): readonly Tunnel[] {
  const name = formatAddress(readAddress(peer));
  return tunnels.list.filter(
    ({ record }) =>
      (record.peer === name || record.peer === peer) && (attach === undefined || attach === (record.attach ?? '')),
  );
}
