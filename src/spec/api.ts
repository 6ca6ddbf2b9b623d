/**
 * The control API's shapes: one typebox schema per wire shape, from which types, validation and OpenAPI come.
 *
 * Only types of this file, `api-wormhole.ts`, `api-peer.ts`, `api-invitation.ts` and `api-tunnel.ts` may be imported at run time (`import type`): the schemas are emitted as JSON at build
 * time, so that neither program loads typebox. Defaults stand here and nowhere else.
 *
 *   GET    /v1/health                 Health
 *   POST   /v1/ping                   PingRequest → PingAnswer
 *   GET    /v1/wormholes              WormholeList
 *   POST   /v1/wormholes              CreateRequest → 201 Wormhole
 *   GET    /v1/wormholes/:id          WormholeDetail
 *   DELETE /v1/wormholes/:id?now=     Wormhole, as it was left: `draining` while connections live
 *   GET    /v1/wormholes/:id/stats    Stats
 *   GET    /v1/stats                  Stats, summed over all wormholes since the daemon's start
 *   GET    /v1/logs?id=&follow=       LogLine per line, application/x-ndjson
 *   GET    /v1/events?id=             Event per line, application/x-ndjson, until the reader leaves
 *   GET    /v1/doctor                 DoctorReport
 *   GET    /v1/containers             ContainerList
 *   GET    /v1/peers                  PeerList
 *   POST   /v1/peers                  JoinRequest → 201 Peer
 *   DELETE /v1/peers/:name            Peer, as it was left: joined no more
 *   POST   /v1/peers/:name/kick       Peer: its connection is dropped, and replaced
 *   POST   /v1/guests/:id             GuestRequest → Guest; from a peer, on its link
 *   GET    /v1/guests/:id             Guest
 *   DELETE /v1/guests/:id?now=        Guest, as it was left
 *   POST   /v1/guests                 GuestRoll → GuestList: those that are left
 *   GET    /v1/tunnels                TunnelList
 *   POST   /v1/tunnels                TunnelRequest → 201 Tunnel; the same again is the same
 *   DELETE /v1/tunnels?peer=&attach=  TunnelRemoval
 *   POST   /v1/tunnels/gc             TunnelSweep
 *   POST   /v1/tunnels/ping           TunnelQuery → TunnelPong
 *   POST   /v1/invitations            InvitationRequest → 201 Invitation
 *   POST   /v1/invitations/join       InvitationJoin → 201 Tunnel
 *   POST   /v1/invitations/accept     InvitationKey → InvitationAccepted; from an invited host, on its link
 *   DELETE /v1/invitations/:id        Withdrawal; the id is the token's identity
 *   POST   /v1/halves                 TunnelOffer → TunnelAnswer; from a peer, on its link, as all of these
 *   POST   /v1/halves/:id/commit      TunnelHalf
 *   GET    /v1/halves/:id             TunnelHalf
 *   DELETE /v1/halves/:id             TunnelHalf
 *   POST   /v1/halves/:id/rekey       TunnelRekey → TunnelRekeyed
 *   GET    /v1/openapi.json           this table as OpenAPI 3.1
 *
 * Every failure answers with a Problem (application/problem+json). Bodies are `application/json` only.
 */
import { type Static, Type } from 'typebox';
import { Segment, Wormhole } from './api-wormhole.ts';

export * from './api-invitation.ts';
export * from './api-peer.ts';
export * from './api-tunnel.ts';
export * from './api-wormhole.ts';

const closed = { additionalProperties: false } as const;

/** POST /v1/wormholes */
export const CreateRequest = Type.Object(
  {
    words: Type.Array(Type.String({ maxLength: 65_536 }), {
      minItems: 1,
      maxItems: 4096,
      description: 'The spec, one word per element, as given on the command line.',
    }),
  },
  closed,
);
export type CreateRequest = Static<typeof CreateRequest>;

/** GET /v1/wormholes/:id adds the plan, and the segments one by one. */
export const WormholeDetail = Type.Object(
  {
    wormhole: Wormhole,
    segments: Type.Array(Segment, { description: 'those that exist now, in order' }),
    plan: Type.Unknown({ description: 'the plan, as `wormhole explain --json` prints it' }),
  },
  closed,
);
export type WormholeDetail = Static<typeof WormholeDetail>;

export const WormholeList = Type.Object({ wormholes: Type.Array(Wormhole) }, closed);
export type WormholeList = Static<typeof WormholeList>;

/** Query of DELETE /v1/wormholes/:id */
export const DeleteQuery = Type.Object(
  {
    now: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], { description: 'true: end living connections too' }),
    ),
  },
  closed,
);
export type DeleteQuery = Static<typeof DeleteQuery>;

/** Query of GET /v1/logs */
export const LogsQuery = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 64, description: 'only lines of this wormhole' })),
    follow: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], { description: 'true: go on with new lines' }),
    ),
  },
  closed,
);
export type LogsQuery = Static<typeof LogsQuery>;

/** Query of GET /v1/events */
export const EventsQuery = Type.Object(
  { id: Type.Optional(Type.String({ maxLength: 64, description: 'only events of this wormhole' })) },
  closed,
);
export type EventsQuery = Static<typeof EventsQuery>;

/** POST /v1/ping: `payload` comes back; with `host`, the daemon asks that peer and relays its answer. */
export const PingRequest = Type.Object(
  {
    payload: Type.String({ maxLength: 1024, description: 'echoed back' }),
    host: Type.Optional(Type.String({ maxLength: 1024, description: 'a peer, as in `wormhole ping HOST`' })),
  },
  closed,
);
export type PingRequest = Static<typeof PingRequest>;

export const PingAnswer = Type.Object(
  {
    payload: Type.String(),
    version: Type.String(),
    instance: Type.String({ description: 'random id of the answering daemon process' }),
    timeMs: Type.Number({ description: 'wall clock of the answering daemon, Unix time in ms' }),
    peerRttMs: Type.Optional(Type.Number({ description: 'daemon → peer and back, on a link that is there already' })),
    way: Type.Optional(
      Type.Object(
        {
          path: Type.String({ description: 'direct: this daemon dialed · joined: the peer did · via: through others' }),
          via: Type.Optional(
            Type.String({
              description: 'the peers between, `b > c`; the rest is about the last link of the way, but for linkMs',
            }),
          ),
          carrier: Type.String({ description: 'of connections: tls or quic' }),
          carrierReason: Type.String({ description: 'why it is not the one of the configuration; empty when it is' }),
          address: Type.String({ description: 'the other end of the connection' }),
          name: Type.String({ description: 'what the peer calls itself' }),
          key: Type.String({ description: 'fingerprint of the key that was proved: both sides show the same' }),
          linkMs: Type.Number({ description: 'that making the links of the way took; 0 when they were there' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type PingAnswer = Static<typeof PingAnswer>;

export const Check = Type.Object(
  {
    name: Type.String(),
    state: Type.Union([Type.Literal('ok'), Type.Literal('warn'), Type.Literal('fail'), Type.Literal('skip')]),
    detail: Type.String(),
    remedy: Type.String({ description: 'what to do; empty when ok' }),
  },
  closed,
);
export type Check = Static<typeof Check>;

/** GET /v1/doctor */
export const DoctorReport = Type.Object({ checks: Type.Array(Check) }, closed);
export type DoctorReport = Static<typeof DoctorReport>;

/** GET /v1/containers, for completion. */
export const ContainerList = Type.Object(
  { containers: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), running: Type.Boolean() }, closed)) },
  closed,
);
export type ContainerList = Static<typeof ContainerList>;

/** GET /v1/health */
export const Health = Type.Object(
  {
    version: Type.String(),
    instance: Type.String(),
    pid: Type.Integer(),
    uptimeMs: Type.Number(),
    wormholes: Type.Integer(),
    relayWorkers: Type.Integer(),
    rssBytes: Type.Integer(),
  },
  closed,
);
export type Health = Static<typeof Health>;

/** One line of GET /v1/logs (application/x-ndjson). */
export const LogLine = Type.Object(
  {
    timeMs: Type.Number({ description: 'Unix time in ms' }),
    level: Type.String(),
    msg: Type.String(),
    wormhole: Type.Optional(Type.String()),
    facts: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
);
export type LogLine = Static<typeof LogLine>;

/** RFC 9457 body of every failure; see lib/problem.ts. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'stable WH_ERR_* code, see docs/errors.md' }),
    facts: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
    ),
  },
  closed,
);
