/**
 * What an answer must have at the least, checked where it comes in.
 *
 * The daemon validates by the full schemas; loading those here would cost more than the whole call. This is enough
 * that an answer of another version, or of another program, is told as such and is never an `undefined` further on.
 */
import type {
  ContainerList,
  DoctorReport,
  Event,
  Guest,
  Health,
  Invitation,
  LogLine,
  Peer,
  PeerList,
  PingAnswer,
  Stats,
  Tunnel,
  TunnelList,
  TunnelPong,
  TunnelRemoval,
  TunnelSweep,
  Withdrawal,
  Wormhole,
  WormholeDetail,
  WormholeList,
} from '../spec/api.ts';
import { malformed } from './byte-source.ts';

type Kind = 'string' | 'number' | 'array' | 'object' | 'anything';

/** Kind of each required member of T; the compiler sees to it that none is missing, and that what may be null is let be. */
export type Shape<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: null extends T[K] ? 'anything' : Kind;
};

const health: Shape<Health> = {
  version: 'string',
  instance: 'string',
  pid: 'number',
  uptimeMs: 'number',
  wormholes: 'number',
  relayWorkers: 'number',
  rssBytes: 'number',
};
const ping: Shape<PingAnswer> = { payload: 'string', version: 'string', instance: 'string', timeMs: 'number' };
const wormhole: Shape<Wormhole> = {
  id: 'string',
  url: 'string',
  spec: 'string',
  labels: 'object',
  state: 'string',
  reason: 'string',
  head: 'string',
  targets: 'array',
  createdAt: 'string',
  stats: 'object',
};
const detail: Shape<WormholeDetail> = { wormhole: 'object', segments: 'array' };
const list: Shape<WormholeList> = { wormholes: 'array' };
const stats: Shape<Stats> = {
  connectionsOpen: 'number',
  connectionsTotal: 'number',
  connectionsFailed: 'number',
  bytesIn: 'number',
  bytesOut: 'number',
  dialP50Ms: 'anything',
  dialP99Ms: 'anything',
  datagramsIn: 'number',
  datagramsOut: 'number',
  datagramsDropped: 'number',
  members: 'array',
};
const doctor: Shape<DoctorReport> = { checks: 'array' };
const containers: Shape<ContainerList> = { containers: 'array' };
const logLine: Shape<LogLine> = { timeMs: 'number', level: 'string', msg: 'string', facts: 'object' };

const peer: Shape<Peer> = {
  name: 'string',
  state: 'string',
  reason: 'string',
  source: 'string',
  addresses: 'array',
  address: 'string',
  path: 'string',
  carrier: 'string',
  carrierReason: 'string',
  datagrams: 'string',
  identity: 'string',
  host: 'string',
  version: 'string',
  rttMs: 'anything',
  clockSkewMs: 'anything',
  streams: 'number',
  wormholes: 'number',
  guests: 'number',
};
const peers: Shape<PeerList> = { name: 'string', peers: 'array' };

const tunnel: Shape<Tunnel> = {
  id: 'string',
  peer: 'string',
  type: 'string',
  engine: 'string',
  udp: 'anything',
  local: 'string',
  remote: 'string',
  outerLocal: 'string',
  outerRemote: 'string',
  attach: 'string',
  peerAttach: 'string',
  state: 'string',
  reason: 'string',
  createdAt: 'string',
  freshAt: 'anything',
  bytesIn: 'number',
  bytesOut: 'number',
  dropped: 'anything',
};
const invitation: Shape<Invitation> = { token: 'string', id: 'string', endpoint: 'string', expiresAt: 'string' };
const withdrawal: Shape<Withdrawal> = { withdrawn: 'anything' };
const pong: Shape<TunnelPong> = {
  peer: 'string',
  local: 'string',
  remote: 'string',
  rttMs: 'number',
  mtu: 'anything',
};
const tunnels: Shape<TunnelList> = { tunnels: 'array' };
const removal: Shape<TunnelRemoval> = { removed: 'array' };
const sweep: Shape<TunnelSweep> = { removed: 'array' };

const guest: Shape<Guest> = {
  id: 'string',
  state: 'string',
  reason: 'string',
  url: 'string',
  targets: 'array',
  segments: 'array',
  stats: 'object',
};

const event: Shape<Event> = {
  timeMs: 'number',
  wormhole: 'string',
  state: 'string',
  reason: 'string',
  pull: 'anything',
};

export const shapes = {
  guest,
  event,
  health,
  ping,
  wormhole,
  detail,
  list,
  stats,
  doctor,
  containers,
  logLine,
  peer,
  peers,
  invitation,
  withdrawal,
  pong,
  tunnel,
  tunnels,
  removal,
  sweep,
} as const;

/** @throws {WormholeError} WH_ERR_PROTOCOL naming the member that is missing or of another kind */
export function checkShape(value: object, shape: Readonly<Record<string, Kind>>): void {
  const members = value as Readonly<Record<string, unknown>>;
  for (const [name, kind] of Object.entries(shape)) {
    if (!Object.hasOwn(members, name) || !isKind(members[name], kind)) {
      throw malformed(`it has no usable "${name}"; is that daemon of another version?`);
    }
  }
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'anything') return true;
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}
