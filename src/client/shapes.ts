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
  MemberStats,
  Peer,
  PeerList,
  PingAnswer,
  Segment,
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

/** Of a kind, or, where somebody looks further, an object with such members, or a list of such objects. */
type Want<V> =
  | Kind
  | (V extends ReadonlyArray<infer E>
      ? E extends object
        ? readonly [Shape<E>]
        : never
      : V extends object
        ? Shape<V>
        : never);

/** What each required member of T has to be; the compiler sees to it that none is missing, and that what may be null is let be. */
export type Shape<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: null extends T[K] ? 'anything' : Want<T[K]>;
};

/** As those who check it see it. */
export interface AnyShape {
  readonly [member: string]: Kind | AnyShape | readonly [AnyShape];
}

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
const member: Shape<MemberStats> = {
  target: 'string',
  up: 'anything',
  open: 'number',
  dialed: 'number',
  failed: 'number',
};
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
  members: [member],
};
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
  stats,
};
const segment: Shape<Segment> = {
  url: 'string',
  state: 'string',
  reason: 'string',
  targets: 'array',
  containers: [{ id: 'string', label: 'string' }],
  coldStarts: [{ at: 'string', totalMs: 'number', stations: [{ station: 'string', ms: 'number' }], failure: 'string' }],
  stats,
};
const detail: Shape<WormholeDetail> = { wormhole, segments: [segment] };
const list: Shape<WormholeList> = { wormholes: [wormhole] };
const doctor: Shape<DoctorReport> = {
  checks: [{ name: 'string', state: 'string', detail: 'string', remedy: 'string' }],
};
const containers: Shape<ContainerList> = { containers: [{ id: 'string', name: 'string', running: 'anything' }] };
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
const peers: Shape<PeerList> = { name: 'string', peers: [peer] };

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
const tunnels: Shape<TunnelList> = { tunnels: [tunnel] };
const removal: Shape<TunnelRemoval> = { removed: [{ tunnel, peer: 'string' }] };
const sweep: Shape<TunnelSweep> = { removed: 'array' };

const guest: Shape<Guest> = {
  id: 'string',
  state: 'string',
  reason: 'string',
  url: 'string',
  targets: 'array',
  segments: [segment],
  stats,
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
export function checkShape(value: object, shape: AnyShape, where = ''): void {
  const members = value as Readonly<Record<string, unknown>>;
  for (const [name, want] of Object.entries(shape)) {
    check(Object.hasOwn(members, name) ? members[name] : undefined, want, `${where}${name}`);
  }
}

function check(value: unknown, want: AnyShape[string], where: string): void {
  const kind = typeof want === 'string' ? want : Array.isArray(want) ? 'array' : 'object';
  if (value === undefined || !isKind(value, kind)) {
    throw malformed(`it has no usable "${where}"; is that daemon of another version?`);
  }
  if (typeof want === 'string') return;
  if (!Array.isArray(want)) return checkShape(value as object, want as AnyShape, `${where}.`);
  for (const [at, one] of (value as unknown[]).entries()) check(one, want[0] as AnyShape, `${where}[${at}]`);
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'anything') return true;
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}
