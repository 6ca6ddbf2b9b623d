/**
 * `wormhole/client`: a typed client of a wormholed, for the command line, for peers and for programs.
 *
 * Nothing but Node is needed at run time. TLS is loaded only for TCP addresses.
 *
 * @example
 * ```ts
 * import { connect, WormholeError } from 'wormhole/client';
 *
 * const client = await connect({ timeoutMs: 5_000 });
 * try {
 *   const { id, url } = await client.create(['url', ':3306', 'docker-ns', 'mysql']);
 *   console.log(`${id} listens on ${url}`);
 *   for await (const line of client.logs({ id, follow: true })) console.log(line.msg);
 * } catch (error) {
 *   if (WormholeError.is(error) && error.code === 'WH_ERR_CONTAINER_NOT_FOUND') console.error(error.message);
 *   else throw error;
 * }
 * ```
 */
export { type ErrorCode, type ErrorDetail, WormholeError } from '../lib/errors.ts';
export type {
  Check,
  ColdStart,
  ContainerList,
  CreateRequest,
  DoctorReport,
  Event,
  Health,
  Invitation,
  InvitationJoin,
  InvitationRequest,
  JoinRequest,
  LogLine,
  MemberStats,
  Peer,
  PeerList,
  PingAnswer,
  PingRequest,
  Pull,
  Segment,
  Stats,
  Tunnel,
  TunnelList,
  TunnelPong,
  TunnelRemoval,
  TunnelRequest,
  TunnelSweep,
  Withdrawal,
  Wormhole,
  WormholeDetail,
  WormholeList,
  WormholeState,
} from '../spec/api.ts';
export type { CallOptions } from './call.ts';
export {
  Client,
  type DeleteOptions,
  type DeleteTunnelsOptions,
  type EventsOptions,
  type LogsOptions,
  type Ping,
  type PingOptions,
} from './client.ts';
export { type ConnectOptions, connect } from './connect.ts';
