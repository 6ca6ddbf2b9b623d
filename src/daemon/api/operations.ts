/**
 * What the control API can ask of the daemon: one operation per endpoint, in plain values.
 *
 * The composition root supplies them; the API adds HTTP and nothing else.
 */
import type { Readable } from 'node:stream';
import type {
  ContainerList,
  CreateRequest,
  DeleteQuery,
  DoctorReport,
  EventsQuery,
  Guest,
  GuestList,
  GuestRequest,
  GuestRoll,
  Health,
  Invitation,
  InvitationAccepted,
  InvitationJoin,
  InvitationKey,
  InvitationRequest,
  JoinRequest,
  LogsQuery,
  Peer,
  PeerList,
  PingAnswer,
  PingRequest,
  Stats,
  Tunnel,
  TunnelAnswer,
  TunnelHalf,
  TunnelList,
  TunnelOffer,
  TunnelPong,
  TunnelQuery,
  TunnelRekey,
  TunnelRekeyed,
  TunnelRemoval,
  TunnelRequest,
  TunnelSweep,
  Withdrawal,
  Wormhole,
  WormholeDetail,
  WormholeList,
} from '../../spec/api.ts';

/** Where a connection came from. */
export type Origin =
  /** A unix socket of this machine; the credentials are the kernel's. */
  | { readonly kind: 'local'; readonly pid: number; readonly uid: number; readonly gid: number }
  /** The control port; the identity was proved. */
  | {
      readonly kind: 'peer';
      readonly identity: string;
      readonly address: string;
      /** When it came on a link: which one, and who the peer says it is. */
      readonly link?: { readonly number: number; readonly host: string; readonly name: string };
    };

/** Who asks. */
export interface Caller {
  readonly origin: Origin;
  /** Aborts when the client goes away before it got its answer. */
  readonly signal: AbortSignal;
}

export interface Operations {
  health(): Health;
  ping(request: PingRequest, caller: Caller): Promise<PingAnswer>;
  list(): WormholeList;
  create(request: CreateRequest, caller: Caller): Promise<Wormhole>;
  inspect(id: string, caller: Caller): Promise<WormholeDetail>;
  remove(id: string, query: DeleteQuery): Promise<Wormhole>;
  wormholeStats(id: string): Stats;
  stats(): Stats;
  /** Lines as bytes; ends with the lines kept unless followed, and whenever `caller.signal` aborts. */
  logs(query: LogsQuery, caller: Caller): Readable;
  /** Lines as bytes; goes on until `caller.signal` aborts. */
  events(query: EventsQuery, caller: Caller): Readable;
  doctor(caller: Caller): Promise<DoctorReport>;
  containers(caller: Caller): Promise<ContainerList>;
  peers(): Promise<PeerList>;
  join(request: JoinRequest, caller: Caller): Promise<Peer>;
  leave(name: string): Promise<Peer>;
  kick(name: string): Promise<Peer>;
  putGuest(id: string, request: GuestRequest, caller: Caller): Promise<Guest>;
  guest(id: string, caller: Caller): Promise<Guest>;
  removeGuest(id: string, query: DeleteQuery, caller: Caller): Promise<Guest>;
  rollGuests(roll: GuestRoll, caller: Caller): Promise<GuestList>;
  tunnels(): Promise<TunnelList>;
  createTunnel(request: TunnelRequest, caller: Caller): Promise<Tunnel>;
  removeTunnels(query: TunnelQuery, caller: Caller): Promise<TunnelRemoval>;
  sweepTunnels(caller: Caller): Promise<TunnelSweep>;
  pingTunnel(query: TunnelQuery, caller: Caller): Promise<TunnelPong>;
  invite(request: InvitationRequest, caller: Caller): Promise<Invitation>;
  withdraw(identity: string): Promise<Withdrawal>;
  joinInvitation(request: InvitationJoin, caller: Caller): Promise<Tunnel>;
  acceptInvitation(request: InvitationKey, caller: Caller): Promise<InvitationAccepted>;
  offerHalf(offer: TunnelOffer, caller: Caller): Promise<TunnelAnswer>;
  commitHalf(id: string, caller: Caller): Promise<TunnelHalf>;
  half(id: string, caller: Caller): Promise<TunnelHalf>;
  removeHalf(id: string, caller: Caller): Promise<TunnelHalf>;
  rekeyHalf(id: string, rekey: TunnelRekey, caller: Caller): Promise<TunnelRekeyed>;
}
