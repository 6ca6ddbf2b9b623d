/** From a validated request to its operation: one line per endpoint. */
import type { FastifyRequest } from 'fastify';
import type {
  CreateRequest,
  DeleteQuery,
  EventsQuery,
  GuestRequest,
  GuestRoll,
  InvitationJoin,
  InvitationKey,
  InvitationRequest,
  JoinRequest,
  LogsQuery,
  PingRequest,
  TunnelOffer,
  TunnelQuery,
  TunnelRekey,
  TunnelRequest,
} from '../../spec/api.ts';
import type { EndpointName } from './endpoints.ts';
import type { Caller, Operations } from './operations.ts';

/** Bodies and queries have been checked against their schema before. */
type Operate = (operations: Operations, request: FastifyRequest, caller: Caller) => unknown;

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;
const nameOf = (request: FastifyRequest): string => (request.params as { name: string }).name;

export const operates: Readonly<Record<EndpointName, Operate>> = {
  health: (operations) => operations.health(),
  ping: (operations, { body }, caller) => operations.ping(body as PingRequest, caller),
  list: (operations) => operations.list(),
  create: (operations, { body }, caller) => operations.create(body as CreateRequest, caller),
  inspect: (operations, request, caller) => operations.inspect(idOf(request), caller),
  remove: (operations, request) => operations.remove(idOf(request), request.query as DeleteQuery),
  wormholeStats: (operations, request) => operations.wormholeStats(idOf(request)),
  stats: (operations) => operations.stats(),
  logs: (operations, { query }, caller) => operations.logs(query as LogsQuery, caller),
  events: (operations, { query }, caller) => operations.events(query as EventsQuery, caller),
  doctor: (operations, _request, caller) => operations.doctor(caller),
  containers: (operations, _request, caller) => operations.containers(caller),
  peers: (operations) => operations.peers(),
  join: (operations, { body }, caller) => operations.join(body as JoinRequest, caller),
  leave: (operations, request) => operations.leave(nameOf(request)),
  kick: (operations, request) => operations.kick(nameOf(request)),
  putGuest: (operations, request, caller) => operations.putGuest(idOf(request), request.body as GuestRequest, caller),
  guest: (operations, request, caller) => operations.guest(idOf(request), caller),
  removeGuest: (operations, request, caller) =>
    operations.removeGuest(idOf(request), request.query as DeleteQuery, caller),
  rollGuests: (operations, { body }, caller) => operations.rollGuests(body as GuestRoll, caller),
  tunnels: (operations) => operations.tunnels(),
  createTunnel: (operations, { body }, caller) => operations.createTunnel(body as TunnelRequest, caller),
  removeTunnels: (operations, { query }, caller) => operations.removeTunnels(query as TunnelQuery, caller),
  sweepTunnels: (operations, _request, caller) => operations.sweepTunnels(caller),
  pingTunnel: (operations, { body }, caller) => operations.pingTunnel(body as TunnelQuery, caller),
  invite: (operations, { body }, caller) => operations.invite(body as InvitationRequest, caller),
  withdraw: (operations, request) => operations.withdraw(idOf(request)),
  joinInvitation: (operations, { body }, caller) => operations.joinInvitation(body as InvitationJoin, caller),
  acceptInvitation: (operations, { body }, caller) => operations.acceptInvitation(body as InvitationKey, caller),
  offerHalf: (operations, { body }, caller) => operations.offerHalf(body as TunnelOffer, caller),
  commitHalf: (operations, request, caller) => operations.commitHalf(idOf(request), caller),
  half: (operations, request, caller) => operations.half(idOf(request), caller),
  removeHalf: (operations, request, caller) => operations.removeHalf(idOf(request), caller),
  rekeyHalf: (operations, request, caller) => operations.rekeyHalf(idOf(request), request.body as TunnelRekey, caller),
};
