/** Loads what lanes need, for a daemon whose configuration wants them. */
import type { Own } from '../link/links.ts';
import type { ListenAddress } from '../server.ts';
import type { Lanes, LanesOptions } from './lanes.ts';
import type { QuicPeer } from './lanes-of.ts';

/** @param addresses of the control port, as they were bound */
export async function loadLanes(
  { quic, own }: { readonly quic: readonly QuicPeer[]; readonly own: Own },
  addresses: readonly ListenAddress[],
  tell: Pick<LanesOptions, 'onChange' | 'onRefused'>,
): Promise<Lanes | undefined> {
  if (quic.length === 0) return undefined;
  const { lanesOf } = await import('./lanes-of.ts');
  return lanesOf({ ...tell, quic, addresses, host: own.host });
}
