/**
 * The control API's shapes of peers: who they are, joining, and what runs here for them. Part of `api.ts`.
 */
import { type Static, Type } from 'typebox';
import { Segment, Stats, WormholeState } from './api-wormhole.ts';

const closed = { additionalProperties: false } as const;

/** A daemon on another host, as this one sees it. */
export const Peer = Type.Object(
  {
    name: Type.String({ description: 'as it is written after `remote`' }),
    state: Type.Union(
      [
        Type.Literal('up'),
        Type.Literal('lost'),
        Type.Literal('dialing'),
        Type.Literal('down'),
        Type.Literal('invited'),
      ],
      {
        description:
          'up: linked · lost: its connection broke, another one is awaited and nothing is lost meanwhile · ' +
          'dialing: wanted and not linked, tried again and again · down: not linked, and nobody wants it · ' +
          'invited: nobody has come with its token yet; name is the id of the invitation',
      },
    ),
    reason: Type.String({ description: 'why it is not up; empty when it is' }),
    source: Type.Union(
      [
        Type.Literal('config'),
        Type.Literal('join'),
        Type.Literal('spec'),
        Type.Literal('joined'),
        Type.Literal('client'),
        Type.Literal('invited'),
      ],
      {
        description:
          'config: named in the configuration · join: this daemon joined it · spec: named in a wormhole · ' +
          'joined: it dialed this daemon · client: a program that forwards, not a daemon · invited: by a token of this daemon',
      },
    ),
    addresses: Type.Array(Type.String(), { description: 'where it is dialed; empty when it cannot be' }),
    address: Type.String({ description: 'the other end of the connection; empty without one' }),
    path: Type.Union([Type.Literal('direct'), Type.Literal('joined'), Type.Literal('')], {
      description: 'direct: this daemon dialed · joined: the peer did',
    }),
    carrier: Type.String({ description: 'of connections: tls or quic; empty without a link' }),
    carrierReason: Type.String({ description: 'why it is not the one of the configuration; empty when it is' }),
    datagrams: Type.String({ description: 'how datagrams travel: stream or udp; empty without a link' }),
    identity: Type.String({ description: 'whose key was proved' }),
    host: Type.String({ description: 'id of the daemon there, which survives its restarts' }),
    version: Type.String(),
    rttMs: Type.Union([Type.Number(), Type.Null()]),
    clockSkewMs: Type.Union([Type.Number(), Type.Null()], { description: 'its clock minus ours' }),
    streams: Type.Integer(),
    wormholes: Type.Integer({ description: 'that lead to it from here' }),
    guests: Type.Integer({ description: 'that run here for it' }),
  },
  closed,
);
export type Peer = Static<typeof Peer>;

/** GET /v1/peers */
export const PeerList = Type.Object(
  { name: Type.String({ description: "this daemon's own name" }), peers: Type.Array(Peer) },
  closed,
);
export type PeerList = Static<typeof PeerList>;

/** POST /v1/peers: dial out and stay. */
export const JoinRequest = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: '[tcp://]HOST[:PORT], or the name of a configured peer',
    }),
    as: Type.Optional(Type.String({ minLength: 1, maxLength: 253, description: 'name to be known by there' })),
    wait: Type.Optional(Type.Boolean({ description: 'false: answer at once; the link is made as soon as it can be' })),
  },
  closed,
);
export type JoinRequest = Static<typeof JoinRequest>;

/** POST /v1/guests/:id: the rest of a spec, to run here for the peer that asks; the same again changes nothing. */
export const GuestRequest = Type.Object(
  {
    words: Type.Array(Type.String({ maxLength: 65_536 }), {
      maxItems: 4096,
      description: 'canonical words behind the link',
    }),
    protocol: Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('unix')]),
    port: Type.Optional(Type.Integer({ description: 'that targets default to' })),
    eager: Type.Boolean({ description: 'false: made again, or by a connection; what does not work yet is its status' }),
    trail: Type.Array(Type.String({ maxLength: 200 }), {
      maxItems: 16,
      description: 'HOST/WORMHOLE that it has come through, the first one first',
    }),
    tunnel: Type.Optional(
      Type.Boolean({ description: "listen on this end's address of the tunnel with the peer that asks" }),
    ),
    listen: Type.Optional(
      Type.String({ maxLength: 300, description: 'HOST:PORT to listen on; connections go to the peer that asks' }),
    ),
    order: Type.Optional(
      Type.Integer({ minimum: 1, description: 'grows with each request of the process that asks, whatever for' }),
    ),
  },
  closed,
);
export type GuestRequest = Static<typeof GuestRequest>;

/** Something that runs here for a peer. */
export const Guest = Type.Object(
  {
    id: Type.String(),
    state: WormholeState,
    reason: Type.String(),
    url: Type.String({ description: 'where it listens; empty when connections come on the link' }),
    targets: Type.Array(Type.String()),
    segments: Type.Array(Segment),
    stats: Stats,
  },
  closed,
);
export type Guest = Static<typeof Guest>;

/** POST /v1/guests: those that the peer that asks still has; the others go. */
export const GuestRoll = Type.Object(
  {
    ids: Type.Array(Type.String({ maxLength: 128 }), { maxItems: 65_536 }),
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'order of the last request before it; of what was asked for later on that link it says nothing',
      }),
    ),
  },
  closed,
);
export type GuestRoll = Static<typeof GuestRoll>;

export const GuestList = Type.Object({ guests: Type.Array(Guest) }, closed);
export type GuestList = Static<typeof GuestList>;
