/**
 * The control API's shapes of invitations: two hosts without a common key become peers for tunnels. Part of `api.ts`.
 */
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;

/** POST /v1/invitations */
export const InvitationRequest = Type.Object(
  {
    endpoint: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'HOST[:PORT] that the other host dials; default: -E, -I',
      }),
    ),
    seconds: Type.Optional(Type.Integer({ description: 'that it is good for; default: 900' })),
    attach: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'container of this host that the tunnel ends in, and no tunnel anywhere else',
      }),
    ),
  },
  closed,
);
export type InvitationRequest = Static<typeof InvitationRequest>;

export const Invitation = Type.Object(
  {
    token: Type.String({ description: 'secret; for one host, once' }),
    id: Type.String({ description: 'by which it is withdrawn' }),
    endpoint: Type.String(),
    expiresAt: Type.String({ description: 'RFC 3339, UTC' }),
  },
  closed,
);
export type Invitation = Static<typeof Invitation>;

/** POST /v1/invitations/join: become a peer of the host that has made the token, with a tunnel to it. Answers Tunnel. */
export const InvitationJoin = Type.Object(
  {
    token: Type.String({ minLength: 1, maxLength: 2048 }),
    attach: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    mtu: Type.Optional(Type.Integer()),
  },
  closed,
);
export type InvitationJoin = Static<typeof InvitationJoin>;

/** POST /v1/invitations/accept: from an invited host, on its link: its part of the key that the two keep. */
export const InvitationKey = Type.Object(
  { publicKey: Type.String({ minLength: 44, maxLength: 44, description: 'of X25519, base64' }) },
  closed,
);
export type InvitationKey = Static<typeof InvitationKey>;

export const InvitationAccepted = Type.Object(
  {
    accepted: Type.Boolean(),
    attach: Type.Optional(Type.String({ description: 'container of who invites that the tunnel has to end in' })),
  },
  closed,
);
export type InvitationAccepted = Static<typeof InvitationAccepted>;

/** DELETE /v1/invitations/:id: nobody comes by it any more, and who has come is a stranger again. */
export const Withdrawal = Type.Object({ withdrawn: Type.Boolean({ description: 'false: there was none' }) }, closed);
export type Withdrawal = Static<typeof Withdrawal>;
