/**
 * Every endpoint of the control API as data: the routes are registered from this table and OpenAPI is printed from it.
 */

/** Names of schemas in `src/spec/api.ts`. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parameters as `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly body?: string;
  readonly query?: string;
  /** Schema of a successful answer; `lines` of one schema, or a document of its own. */
  readonly answer: string;
  readonly answerType?: 'application/x-ndjson';
  readonly status: 200 | 201;
}

export const endpoints = {
  health: { method: 'GET', path: '/v1/health', summary: 'the daemon is alive', answer: 'Health', status: 200 },
  ping: {
    method: 'POST',
    path: '/v1/ping',
    summary: 'echo a payload, through a peer when one is named',
    body: 'PingRequest',
    answer: 'PingAnswer',
    status: 200,
  },
  list: { method: 'GET', path: '/v1/wormholes', summary: 'all wormholes', answer: 'WormholeList', status: 200 },
  create: {
    method: 'POST',
    path: '/v1/wormholes',
    summary: 'make a wormhole from a spec',
    body: 'CreateRequest',
    answer: 'Wormhole',
    status: 201,
  },
  inspect: {
    method: 'GET',
    path: '/v1/wormholes/:id',
    summary: 'one wormhole and its plan',
    answer: 'WormholeDetail',
    status: 200,
  },
  remove: {
    method: 'DELETE',
    path: '/v1/wormholes/:id',
    summary: 'close the listener and forget the wormhole; living connections go on unless now=true',
    query: 'DeleteQuery',
    answer: 'Wormhole',
    status: 200,
  },
  wormholeStats: {
    method: 'GET',
    path: '/v1/wormholes/:id/stats',
    summary: 'counters of one wormhole',
    answer: 'Stats',
    status: 200,
  },
  stats: {
    method: 'GET',
    path: '/v1/stats',
    summary: "counters summed over all wormholes since the daemon's start",
    answer: 'Stats',
    status: 200,
  },
  logs: {
    method: 'GET',
    path: '/v1/logs',
    summary: 'the newest log lines, and new ones when followed',
    query: 'LogsQuery',
    answer: 'LogLine',
    answerType: 'application/x-ndjson',
    status: 200,
  },
  events: {
    method: 'GET',
    path: '/v1/events',
    summary: 'every wormhole as it is, then each change: states, and how far pulls are',
    query: 'EventsQuery',
    answer: 'Event',
    answerType: 'application/x-ndjson',
    status: 200,
  },
  doctor: {
    method: 'GET',
    path: '/v1/doctor',
    summary: 'what on this machine may keep wormholes from working, with remedies',
    answer: 'DoctorReport',
    status: 200,
  },
  containers: {
    method: 'GET',
    path: '/v1/containers',
    summary: 'containers that can be named',
    answer: 'ContainerList',
    status: 200,
  },
  peers: { method: 'GET', path: '/v1/peers', summary: 'daemons on other hosts', answer: 'PeerList', status: 200 },
  join: {
    method: 'POST',
    path: '/v1/peers',
    summary: 'dial a peer and stay linked, so that it can reach this daemon',
    body: 'JoinRequest',
    answer: 'Peer',
    status: 201,
  },
  leave: {
    method: 'DELETE',
    path: '/v1/peers/:name',
    summary: 'forget a join',
    answer: 'Peer',
    status: 200,
  },
  kick: {
    method: 'POST',
    path: '/v1/peers/:name/kick',
    summary: 'drop the connection under a link; another one goes on where it was',
    answer: 'Peer',
    status: 200,
  },
  putGuest: {
    method: 'POST',
    path: '/v1/guests/:id',
    summary: 'run the rest of a spec here for the peer that asks, on its link',
    body: 'GuestRequest',
    answer: 'Guest',
    status: 200,
  },
  guest: {
    method: 'GET',
    path: '/v1/guests/:id',
    summary: 'what runs here for the peer that asks',
    answer: 'Guest',
    status: 200,
  },
  removeGuest: {
    method: 'DELETE',
    path: '/v1/guests/:id',
    summary: 'end what runs here for the peer that asks; living connections go on unless now=true',
    query: 'DeleteQuery',
    answer: 'Guest',
    status: 200,
  },
  rollGuests: {
    method: 'POST',
    path: '/v1/guests',
    summary: 'name the guests that the peer that asks still has; the others are ended',
    body: 'GuestRoll',
    answer: 'GuestList',
    status: 200,
  },
  tunnels: { method: 'GET', path: '/v1/tunnels', summary: 'tunnels of this host', answer: 'TunnelList', status: 200 },
  createTunnel: {
    method: 'POST',
    path: '/v1/tunnels',
    summary: 'make a tunnel to a peer, at both ends; the same again changes nothing',
    body: 'TunnelRequest',
    answer: 'Tunnel',
    status: 201,
  },
  removeTunnels: {
    method: 'DELETE',
    path: '/v1/tunnels',
    summary: 'remove the tunnels to a peer; the halves here go in any case',
    query: 'TunnelQuery',
    answer: 'TunnelRemoval',
    status: 200,
  },
  sweepTunnels: { method: 'POST', path: '/v1/tunnels/gc', summary: 'sweep up', answer: 'TunnelSweep', status: 200 },
  pingTunnel: {
    method: 'POST',
    path: '/v1/tunnels/ping',
    summary: 'measure the way through a tunnel: time there and back, largest packet',
    body: 'TunnelQuery',
    answer: 'TunnelPong',
    status: 200,
  },
  invite: {
    method: 'POST',
    path: '/v1/invitations',
    summary: 'make a token by which a host without the key becomes a peer for tunnels',
    body: 'InvitationRequest',
    answer: 'Invitation',
    status: 201,
  },
  joinInvitation: {
    method: 'POST',
    path: '/v1/invitations/join',
    summary: 'become a peer of the host that has made a token, with a tunnel to it',
    body: 'InvitationJoin',
    answer: 'Tunnel',
    status: 201,
  },
  acceptInvitation: {
    method: 'POST',
    path: '/v1/invitations/accept',
    summary: 'come with an invitation: the two hosts agree on the key that they keep',
    body: 'InvitationKey',
    answer: 'InvitationAccepted',
    status: 200,
  },
  withdraw: { method: 'DELETE', path: '/v1/invitations/:id', summary: 'void one', answer: 'Withdrawal', status: 200 },
  offerHalf: {
    method: 'POST',
    path: '/v1/halves',
    summary: 'propose a tunnel, for the peer that asks',
    body: 'TunnelOffer',
    answer: 'TunnelAnswer',
    status: 200,
  },
  commitHalf: {
    method: 'POST',
    path: '/v1/halves/:id/commit',
    summary: 'install this half of a tunnel that was proposed',
    answer: 'TunnelHalf',
    status: 200,
  },
  half: {
    method: 'GET',
    path: '/v1/halves/:id',
    summary: 'whether this half of a tunnel is there, for the peer at its other end',
    answer: 'TunnelHalf',
    status: 200,
  },
  removeHalf: {
    method: 'DELETE',
    path: '/v1/halves/:id',
    summary: 'remove this half of a tunnel, for the peer at its other end',
    answer: 'TunnelHalf',
    status: 200,
  },
  rekeyHalf: {
    method: 'POST',
    path: '/v1/halves/:id/rekey',
    summary: 'change the keys of a tunnel, for the peer at its other end',
    body: 'TunnelRekey',
    answer: 'TunnelRekeyed',
    status: 200,
  },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;

/** Where the table is served as OpenAPI. */
export const OPENAPI_PATH = '/v1/openapi.json';
