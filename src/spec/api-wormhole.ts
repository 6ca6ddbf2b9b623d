/**
 * The control API's shapes of wormholes: states, counters, segments, cold starts, events. Part of `api.ts`.
 */
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;

export const WormholeState = Type.Union(
  [
    Type.Literal('up'),
    Type.Literal('idle'),
    Type.Literal('starting'),
    Type.Literal('waiting'),
    Type.Literal('gone'),
    Type.Literal('failed'),
    Type.Literal('draining'),
  ],
  {
    description:
      'up: listening and its targets are known · idle: listening, the next connection starts its target · ' +
      'starting: a connection waits while its target is started, reason says how far it is · waiting: a container it names is stopped or absent, and is awaited · ' +
      'gone: the container it was made with (by id) was removed · failed: an error that is retried, see reason · ' +
      'draining: deleted, living connections go on',
  },
);
export type WormholeState = Static<typeof WormholeState>;

export const MemberStats = Type.Object(
  {
    target: Type.String({ description: 'e.g. db@127.0.0.1:3306' }),
    up: Type.Boolean({ description: 'false while skipped after failed dials' }),
    open: Type.Integer(),
    dialed: Type.Integer(),
    failed: Type.Integer(),
  },
  closed,
);
export type MemberStats = Static<typeof MemberStats>;

export const Stats = Type.Object(
  {
    connectionsOpen: Type.Integer(),
    connectionsTotal: Type.Integer(),
    connectionsFailed: Type.Integer(),
    bytesIn: Type.Integer({ description: 'bytes client → target' }),
    bytesOut: Type.Integer({ description: 'bytes target → client' }),
    dialP50Ms: Type.Union([Type.Number(), Type.Null()]),
    dialP99Ms: Type.Union([Type.Number(), Type.Null()]),
    datagramsIn: Type.Integer(),
    datagramsOut: Type.Integer(),
    datagramsDropped: Type.Integer(),
    members: Type.Array(MemberStats),
  },
  closed,
);
export type Stats = Static<typeof Stats>;

export const Wormhole = Type.Object(
  {
    id: Type.String(),
    url: Type.String({ description: 'PROTO://[NS@]HOST:PORT really bound, or unix://PATH' }),
    spec: Type.String({ description: 'the spec in canonical words, secrets redacted' }),
    labels: Type.Record(Type.String(), Type.String()),
    state: WormholeState,
    reason: Type.String({ description: 'why it is not up; empty when it is' }),
    head: Type.String(),
    targets: Type.Array(Type.String()),
    createdAt: Type.String({ description: 'RFC 3339, UTC' }),
    owner: Type.Optional(
      Type.String({
        description: 'identity of the peer that made it and whose policy it obeys; absent: made on this machine',
      }),
    ),
    stats: Stats,
  },
  closed,
);
export type Wormhole = Static<typeof Wormhole>;

/** One start of a target: where the time went. */
export const ColdStart = Type.Object(
  {
    at: Type.String({ description: 'RFC 3339, UTC: when the first connection was accepted' }),
    totalMs: Type.Number(),
    stations: Type.Array(
      Type.Object({ station: Type.String(), ms: Type.Number({ description: 'since the station before' }) }, closed),
      {
        description:
          'of: pulled, created, started, entered (its namespace), planted (the listener of its child), ready, dialed, first-byte',
      },
    ),
    failure: Type.String({ description: 'why it failed; empty when it did not' }),
  },
  closed,
);
export type ColdStart = Static<typeof ColdStart>;

/** A head and its tail; the first one, or one that hangs on the one before by `child` or `chain`. */
export const Segment = Type.Object(
  {
    url: Type.String({ description: 'where it listens' }),
    state: WormholeState,
    reason: Type.String(),
    targets: Type.Array(Type.String()),
    containers: Type.Array(Type.Object({ id: Type.String(), label: Type.String() }, closed), {
      description: 'that it starts and stops',
    }),
    coldStarts: Type.Array(ColdStart, { description: 'the last ones, newest first' }),
    peer: Type.Optional(
      Type.String({ description: 'where it runs, as this daemon and those behind it name it, `b > c`; absent: here' }),
    ),
    rttMs: Type.Optional(Type.Union([Type.Number(), Type.Null()], { description: 'to that peer from the one before' })),
    stats: Stats,
  },
  closed,
);
export type Segment = Static<typeof Segment>;

/** How far an image has been pulled. Layers that were here before count as done. */
export const Pull = Type.Object(
  {
    image: Type.String(),
    status: Type.String({ description: "the engine's own words" }),
    layersDone: Type.Integer(),
    layersTotal: Type.Integer(),
    bytesDone: Type.Integer(),
    bytesTotal: Type.Integer({ description: 'of the layers that have told their size' }),
  },
  closed,
);
export type Pull = Static<typeof Pull>;

/** One line of GET /v1/events: a wormhole as it is now, told at the beginning and whenever that changes. */
export const Event = Type.Object(
  {
    timeMs: Type.Number({ description: 'Unix time in ms' }),
    wormhole: Type.String(),
    state: Type.Union([WormholeState, Type.Literal('deleted')]),
    reason: Type.String(),
    pull: Type.Union([Pull, Type.Null()]),
  },
  closed,
);
export type Event = Static<typeof Event>;
