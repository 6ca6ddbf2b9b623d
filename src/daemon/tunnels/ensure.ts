/** What is said of a tunnel that somebody wants. */
import type { TunnelRequest } from '../../spec/api.ts';
import type { PeerAddress } from '../../spec/plan.ts';
import type { Allow } from '../peers/allowed-endpoints.ts';

/** Whom a tunnel is to lead to, and how. */
export interface Ensure extends Omit<TunnelRequest, 'peer'> {
  readonly peer: PeerAddress;
  /** May the peer be reached at that address? Absent = wherever it is. @throws {WormholeError} WH_ERR_POLICY */
  readonly allow?: Allow;
}
