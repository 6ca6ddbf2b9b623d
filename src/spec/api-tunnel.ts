/**
 * The control API's shapes of tunnels: what people ask for and see, and what two daemons tell each other. Part of `api.ts`.
 *
 * What two daemons tell each other travels on their link alone. Some of it is secret: keys of the one direction that the other end
 * has to send in. Nothing of that is in any answer to people.
 */
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;

const container = (description: string) => Type.String({ minLength: 1, maxLength: 255, description });

/** One tunnel as this host has it. */
export const Tunnel = Type.Object(
  {
    id: Type.String({ description: 'the same at both ends' }),
    peer: Type.String({ description: 'the host at the other end, as it is written after `tunnel`' }),
    type: Type.Union([Type.Literal('ipsec'), Type.Literal('wireguard')]),
    engine: Type.String({ description: 'what carries it here: kernel, or wireguard-go' }),
    udp: Type.Boolean({ description: 'in UDP, which passes NAT; WireGuard always is' }),
    local: Type.String({ description: 'overlay address of this end' }),
    remote: Type.String({ description: 'overlay address of the other end' }),
    outerLocal: Type.String({ description: 'where its packets are sent from' }),
    outerRemote: Type.String({ description: 'where they are sent to; empty when that is learned from the first one' }),
    attach: Type.String({ description: 'container that this end is in; empty: the host' }),
    peerAttach: Type.String({ description: 'container that the other end is in; empty: the host' }),
    state: Type.Union([Type.Literal('complete'), Type.Literal('partial'), Type.Literal('stale')], {
      description:
        'complete: both ends have it · partial: parts of it are here, from an attempt that was interrupted · ' +
        'stale: one end has lost it; made again when the peer is linked',
    }),
    reason: Type.String({ description: 'why it is not complete; empty when it is' }),
    createdAt: Type.String({ description: 'RFC 3339, UTC' }),
    freshAt: Type.Union([Type.String(), Type.Null()], {
      description: 'of its newest keys: last handshake (WireGuard), last change (IPsec)',
    }),
    bytesIn: Type.Number(),
    bytesOut: Type.Number(),
    dropped: Type.Union([Type.Number(), Type.Null()], {
      description:
        'packets that came and were not let through: sealed with another key, replayed, of other addresses than the two; of WireGuard ' +
        'by the kernel for all tunnels of an interface; null: nobody counts them, as with wireguard-go',
    }),
  },
  closed,
);
export type Tunnel = Static<typeof Tunnel>;

/** GET /v1/tunnels */
export const TunnelList = Type.Object({ tunnels: Type.Array(Tunnel) }, closed);
export type TunnelList = Static<typeof TunnelList>;

/** POST /v1/tunnels: the same again changes nothing and answers the same. */
export const TunnelRequest = Type.Object(
  {
    peer: Type.String({ minLength: 1, maxLength: 1024, description: '[tcp://]HOST[:PORT], or the name of a peer' }),
    type: Type.Optional(
      Type.Union([Type.Literal('ipsec'), Type.Literal('wireguard'), Type.Literal('auto')], {
        description: 'auto, the default: what both hosts can do, IPsec first',
      }),
    ),
    udp: Type.Optional(Type.Boolean({ description: 'carried in UDP, for NAT: IPsec in UDP, or WireGuard' })),
    attach: Type.Optional(container('container of this host to put this end in')),
    peerAttach: Type.Optional(container('container of the peer to put the other end in')),
    mtu: Type.Optional(Type.Integer({ description: 'bytes of the largest packet inside, 576 to 65535' })),
  },
  closed,
);
export type TunnelRequest = Static<typeof TunnelRequest>;

/** DELETE /v1/tunnels?peer=&attach=, and the body of POST /v1/tunnels/ping */
export const TunnelQuery = Type.Object(
  {
    peer: Type.String({ minLength: 1, maxLength: 1024 }),
    attach: Type.Optional(Type.String({ maxLength: 255, description: 'only the one in this container of this host' })),
  },
  closed,
);
export type TunnelQuery = Static<typeof TunnelQuery>;

/** POST /v1/tunnels/ping: there and back through a tunnel. */
export const TunnelPong = Type.Object(
  {
    peer: Type.String(),
    local: Type.String(),
    remote: Type.String(),
    rttMs: Type.Number(),
    mtu: Type.Union([Type.Integer(), Type.Null()], {
      description: 'bytes of the largest packet that got through; null when none but small ones did',
    }),
  },
  closed,
);
export type TunnelPong = Static<typeof TunnelPong>;

/** What was removed here, and what became of the other end. */
export const TunnelRemoval = Type.Object(
  {
    removed: Type.Array(
      Type.Object(
        {
          tunnel: Tunnel,
          peer: Type.String({ description: 'what the peer did: removed, or why it could not be asked' }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type TunnelRemoval = Static<typeof TunnelRemoval>;

/** POST /v1/tunnels/gc */
export const TunnelSweep = Type.Object(
  { removed: Type.Array(Type.String({ description: 'what was removed, in words' })) },
  closed,
);
export type TunnelSweep = Static<typeof TunnelSweep>;

/** One direction of an IPsec tunnel, chosen by the end that receives it. */
export const TunnelSa = Type.Object(
  {
    spi: Type.Integer({ description: '256 to 4294967295' }),
    key: Type.String({ minLength: 48, maxLength: 48, description: 'base64 of 36 bytes: AES-256 key and salt' }),
  },
  closed,
);
export type TunnelSa = Static<typeof TunnelSa>;

/** What the other end needs for a WireGuard tunnel. */
const WireguardEnd = Type.Object(
  {
    publicKey: Type.String({ minLength: 44, maxLength: 44, description: 'base64' }),
    port: Type.Integer({ description: 'UDP port that it listens on' }),
    salt: Type.String({ minLength: 44, maxLength: 44, description: 'base64; its half of the preshared key' }),
  },
  closed,
);

const kind = Type.Union([Type.Literal('ipsec'), Type.Literal('ipsec-udp'), Type.Literal('wireguard')]);
export type TunnelKind = Static<typeof kind>;

const address = Type.String({ minLength: 2, maxLength: 45, description: 'an IP address' });

/** POST /v1/halves: a tunnel that one daemon proposes to another, with all that the other needs for its half. */
export const TunnelOffer = Type.Object(
  {
    id: Type.String({ minLength: 16, maxLength: 16 }),
    kinds: Type.Array(kind, { minItems: 1, maxItems: 3, description: 'what would do, the preferred one first' }),
    pairs: Type.Array(
      Type.Array(Type.String({ minLength: 7, maxLength: 15 }), {
        minItems: 2,
        maxItems: 2,
        description: 'overlay addresses: of who asks, of who is asked',
      }),
      { minItems: 1, maxItems: 16, description: 'that are free there; the first one that is free here, too, is taken' },
    ),
    own: address,
    external: Type.Optional(address),
    seen: address,
    attach: Type.Optional(container('container of who is asked')),
    from: Type.Optional(container('container of who asks, for people')),
    mtu: Type.Optional(Type.Integer()),
    sa: Type.Optional(TunnelSa),
    udpPort: Type.Optional(Type.Integer({ description: 'of who asks, for IPsec in UDP' })),
    wireguard: Type.Optional(WireguardEnd),
  },
  closed,
);
export type TunnelOffer = Static<typeof TunnelOffer>;

/** What came of an offer: reserved for it, and made when it is committed. */
export const TunnelAnswer = Type.Object(
  {
    id: Type.String(),
    kind,
    pair: Type.Array(Type.String(), { minItems: 2, maxItems: 2 }),
    own: address,
    seen: address,
    external: Type.Optional(address),
    sa: Type.Optional(TunnelSa),
    udpPort: Type.Optional(Type.Integer()),
    wireguard: Type.Optional(WireguardEnd),
  },
  closed,
);
export type TunnelAnswer = Static<typeof TunnelAnswer>;

/** GET /v1/halves/:id, and what POST …/commit and DELETE answer: the half of a tunnel that is here. */
export const TunnelHalf = Type.Object(
  {
    id: Type.String(),
    state: Type.Union([
      Type.Literal('prepared'),
      Type.Literal('complete'),
      Type.Literal('partial'),
      Type.Literal('stale'),
      Type.Literal('none'),
    ]),
  },
  closed,
);
export type TunnelHalf = Static<typeof TunnelHalf>;

/** POST /v1/halves/:id/rekey: new keys to send with, or, without a key, that the ones before are not used any more. */
export const TunnelRekey = Type.Object(
  {
    spi: Type.Integer({ description: 'of the new keys' }),
    key: Type.Optional(Type.String({ minLength: 48, maxLength: 48, description: 'base64 of 36 bytes' })),
  },
  closed,
);
export type TunnelRekey = Static<typeof TunnelRekey>;

/** The answer: keys of the other direction. */
export const TunnelRekeyed = Type.Object({ spi: Type.Integer(), sa: Type.Optional(TunnelSa) }, closed);
export type TunnelRekeyed = Static<typeof TunnelRekeyed>;
