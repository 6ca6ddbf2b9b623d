/** The segments of a guest on a peer, and of what lies beyond it, as they are now. */
import { WormholeError } from '../../../lib/errors.ts';
import type { Segment } from '../../../spec/api.ts';
import type { GuestCalls } from '../../peers/guest-calls.ts';
import type { Peer } from '../../peers/peer.ts';
import { reasonOf } from '../../status.ts';
import type { Abroad } from '../../surroundings.ts';
import { sumStats, toStats } from '../stats.ts';

/** Of a peer that does not tell there is one, which says why. */
export async function farSegments(
  { peer, calls, guest, rttMs: rttOf }: { peer: Peer; calls: GuestCalls; guest: string; rttMs: Abroad['rttMs'] },
  signal: AbortSignal,
): Promise<Segment[]> {
  const { link } = peer;
  const rttMs = link === undefined ? null : await rttOf(link.number);
  const where = { peer: peer.name, rttMs };
  try {
    if (link === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', peer.reason);
    const { segments } = await calls.get(guest, signal);
    return segments.map((one, index) => ({
      ...one,
      ...(one.peer === undefined ? where : { peer: `${peer.name} > ${one.peer}` }),
      // The first one behind a link is the one that the link leads to.
      ...(index === 0 && where),
    }));
  } catch (error) {
    const unknown = { url: '', targets: [], containers: [], coldStarts: [], stats: toStats(sumStats([]), []) };
    return [{ ...unknown, ...where, state: 'waiting', reason: reasonOf(error) }];
  }
}
