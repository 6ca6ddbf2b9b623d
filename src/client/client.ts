/**
 * The control API as functions: one method per endpoint of `spec/api.ts`, errors as WormholeErrors.
 *
 * Owns nothing that lasts: each call opens a connection of its own and closes it, so a restarted daemon is simply
 * reached by the next call.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type {
  ContainerList,
  CreateRequest,
  DoctorReport,
  Event,
  Health,
  Invitation,
  InvitationJoin,
  InvitationRequest,
  JoinRequest,
  LogLine,
  Peer,
  PeerList,
  PingAnswer,
  PingRequest,
  Stats,
  Tunnel,
  TunnelList,
  TunnelPong,
  TunnelRemoval,
  TunnelRequest,
  TunnelSweep,
  Withdrawal,
  Wormhole,
  WormholeDetail,
  WormholeList,
} from '../spec/api.ts';
import { Call, type CallOptions, type CallTarget } from './call.ts';
import { shapes } from './shapes.ts';

/** Which daemon to ping, and what to send. */
export interface PingOptions extends CallOptions, Partial<PingRequest> {}

/** Which log lines. */
export interface LogsOptions extends CallOptions {
  /** Only those of one wormhole. */
  readonly id?: string;
  /** Go on with new lines until the loop is left or the daemon ends. */
  readonly follow?: boolean;
}

/** Which events. */
export interface EventsOptions extends CallOptions {
  /** Only those of one wormhole. */
  readonly id?: string;
}

export interface DeleteOptions extends CallOptions {
  /** End living connections too. */
  readonly now?: boolean;
}

/** Which tunnels to a peer. */
export interface DeleteTunnelsOptions extends CallOptions {
  /** Container of the daemon's host that its end is in. */
  readonly attach?: string;
}

/** A daemon's answer to a ping, and how long it took. */
export interface Ping extends PingAnswer {
  /** Milliseconds from request to answer, without opening the connection. */
  readonly rttMs: number;
  /** Milliseconds that opening the connection took, TLS included. */
  readonly connectMs: number;
}

/**
 * A typed client of one wormholed.
 *
 * Every method takes `{ signal, timeoutMs }` last, and throws WormholeErrors only: those the daemon answered with,
 * and WH_ERR_DAEMON_UNREACHABLE, WH_ERR_PERMISSION, WH_ERR_PEER_AUTH, WH_ERR_KEY_FILE, WH_ERR_NAME_NOT_RESOLVED,
 * WH_ERR_PROTOCOL, WH_ERR_TIMEOUT and WH_ERR_ABORTED for failures on the way.
 */
export class Client implements AsyncDisposable {
  readonly #call: Call;
  readonly #closing = new AbortController();

  /** Use `connect`. */
  constructor(target: CallTarget) {
    this.#call = new Call(target, this.#closing.signal);
  }

  /** Where the daemon is: `unix:///PATH` or `tcp://HOST:PORT`. */
  get address(): string {
    return this.#call.address;
  }

  /** GET /v1/health */
  health(options?: CallOptions): Promise<Health> {
    return this.#call.json<Health>({ method: 'GET', target: '/v1/health' }, shapes.health, options);
  }

  /** POST /v1/ping; with `host`, the daemon asks that peer. */
  async ping(options: PingOptions = {}): Promise<Ping> {
    const { payload = 'ping', host } = options;
    const json: PingRequest = { payload, ...(host !== undefined && { host }) };
    let times = { connectMs: 0, rttMs: 0 };
    const timed = { ...options, onTimes: (measured: typeof times) => void (times = measured) };
    const answer = await this.#call.json<PingAnswer>({ method: 'POST', target: '/v1/ping', json }, shapes.ping, timed);
    return { ...answer, ...times };
  }

  /** POST /v1/wormholes; `words` is the spec, one word per element. */
  create(words: readonly string[], options?: CallOptions): Promise<Wormhole> {
    const json: CreateRequest = { words: [...words] };
    return this.#call.json<Wormhole>({ method: 'POST', target: '/v1/wormholes', json }, shapes.wormhole, options);
  }

  /** GET /v1/wormholes */
  list(options?: CallOptions): Promise<WormholeList> {
    return this.#call.json<WormholeList>({ method: 'GET', target: '/v1/wormholes' }, shapes.list, options);
  }

  /** GET /v1/wormholes/:id. @throws {WormholeError} WH_ERR_WORMHOLE_NOT_FOUND */
  get(id: string, options?: CallOptions): Promise<WormholeDetail> {
    return this.#call.json<WormholeDetail>({ method: 'GET', target: wormholePath(id) }, shapes.detail, options);
  }

  /**
   * DELETE /v1/wormholes/:id; living connections go on unless `now`.
   *
   * @returns the wormhole as it was left: `draining` while connections live
   * @throws {WormholeError} WH_ERR_WORMHOLE_NOT_FOUND
   */
  delete(id: string, options: DeleteOptions = {}): Promise<Wormhole> {
    const target = `${wormholePath(id)}${options.now === true ? '?now=true' : ''}`;
    return this.#call.json<Wormhole>({ method: 'DELETE', target }, shapes.wormhole, options);
  }

  /** GET /v1/stats, or those of one wormhole. */
  stats(id?: string, options?: CallOptions): Promise<Stats> {
    const target = id === undefined ? '/v1/stats' : `${wormholePath(id)}/stats`;
    return this.#call.json<Stats>({ method: 'GET', target }, shapes.stats, options);
  }

  /** GET /v1/logs. The connection is opened by the loop and closed when it is left. */
  logs(options: LogsOptions = {}): AsyncIterable<LogLine> {
    const search = new URLSearchParams();
    if (options.id !== undefined) search.set('id', options.id);
    if (options.follow === true) search.set('follow', 'true');
    const target = search.size > 0 ? `/v1/logs?${search.toString()}` : '/v1/logs';
    return this.#call.lines<LogLine>({ method: 'GET', target }, shapes.logLine, options);
  }

  /** GET /v1/events: how things are, then each change, until the loop is left or the daemon ends. */
  events(options: EventsOptions = {}): AsyncIterable<Event> {
    const target = options.id === undefined ? '/v1/events' : `/v1/events?id=${encodeURIComponent(options.id)}`;
    return this.#call.lines<Event>({ method: 'GET', target }, shapes.event, options);
  }

  /** GET /v1/doctor */
  doctor(options?: CallOptions): Promise<DoctorReport> {
    return this.#call.json<DoctorReport>({ method: 'GET', target: '/v1/doctor' }, shapes.doctor, options);
  }

  /** GET /v1/peers */
  peers(options?: CallOptions): Promise<PeerList> {
    return this.#call.json<PeerList>({ method: 'GET', target: '/v1/peers' }, shapes.peers, options);
  }

  /** POST /v1/peers: dial a peer and stay linked. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE, WH_ERR_PEER_EXISTS, … */
  join(request: JoinRequest, options?: CallOptions): Promise<Peer> {
    return this.#call.json<Peer>({ method: 'POST', target: '/v1/peers', json: request }, shapes.peer, options);
  }

  /** DELETE /v1/peers/:name. @throws {WormholeError} WH_ERR_PEER_NOT_FOUND */
  leave(name: string, options?: CallOptions): Promise<Peer> {
    return this.#call.json<Peer>({ method: 'DELETE', target: peerPath(name) }, shapes.peer, options);
  }

  /** POST /v1/peers/:name/kick: its connection is dropped, and replaced. @throws {WormholeError} WH_ERR_PEER_NOT_FOUND */
  kick(name: string, options?: CallOptions): Promise<Peer> {
    return this.#call.json<Peer>({ method: 'POST', target: `${peerPath(name)}/kick` }, shapes.peer, options);
  }

  /** GET /v1/tunnels */
  tunnels(options?: CallOptions): Promise<TunnelList> {
    return this.#call.json<TunnelList>({ method: 'GET', target: '/v1/tunnels' }, shapes.tunnels, options);
  }

  /** POST /v1/tunnels: a tunnel to a peer, or the one that is there. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE, WH_ERR_KERNEL, … */
  createTunnel(request: TunnelRequest, options?: CallOptions): Promise<Tunnel> {
    return this.#call.json<Tunnel>({ method: 'POST', target: '/v1/tunnels', json: request }, shapes.tunnel, options);
  }

  /** DELETE /v1/tunnels: all to that peer, or the one in a container. @throws {WormholeError} WH_ERR_TUNNEL_NOT_FOUND */
  deleteTunnels(peer: string, options: DeleteTunnelsOptions = {}): Promise<TunnelRemoval> {
    const query = new URLSearchParams({ peer, ...(options.attach !== undefined && { attach: options.attach }) });
    const target = `/v1/tunnels?${query.toString()}`;
    return this.#call.json<TunnelRemoval>({ method: 'DELETE', target }, shapes.removal, options);
  }

  /** POST /v1/tunnels/gc: removes what is no whole tunnel any more. */
  sweepTunnels(options?: CallOptions): Promise<TunnelSweep> {
    return this.#call.json<TunnelSweep>({ method: 'POST', target: '/v1/tunnels/gc' }, shapes.sweep, options);
  }

  /** POST /v1/tunnels/ping: there and back through the tunnel to that peer. @throws {WormholeError} WH_ERR_TUNNEL_NOT_FOUND, WH_ERR_TIMEOUT */
  pingTunnel(peer: string, options?: CallOptions): Promise<TunnelPong> {
    const target = '/v1/tunnels/ping';
    return this.#call.json<TunnelPong>({ method: 'POST', target, json: { peer } }, shapes.pong, options);
  }

  /** POST /v1/invitations: a token by which a host without the key becomes a peer for tunnels. */
  invite(request: InvitationRequest = {}, options?: CallOptions): Promise<Invitation> {
    const target = '/v1/invitations';
    return this.#call.json<Invitation>({ method: 'POST', target, json: request }, shapes.invitation, options);
  }

  /** DELETE /v1/invitations/:id, of a token: who has come by it is a stranger again. */
  withdraw(identity: string, options?: CallOptions): Promise<Withdrawal> {
    const target = `/v1/invitations/${encodeURIComponent(identity)}`;
    return this.#call.json<Withdrawal>({ method: 'DELETE', target }, shapes.withdrawal, options);
  }

  /** POST /v1/invitations/join: become a peer of the host that has made a token, with a tunnel to it. */
  joinInvitation(request: InvitationJoin, options?: CallOptions): Promise<Tunnel> {
    const target = '/v1/invitations/join';
    return this.#call.json<Tunnel>({ method: 'POST', target, json: request }, shapes.tunnel, options);
  }

  /** GET /v1/containers */
  containers(options?: CallOptions): Promise<ContainerList> {
    return this.#call.json<ContainerList>({ method: 'GET', target: '/v1/containers' }, shapes.containers, options);
  }

  /** Ends the calls that still run with WH_ERR_ABORTED, and refuses new ones. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }
}

function peerPath(name: string): string {
  return `/v1/peers/${encodeURIComponent(name)}`;
}

function wormholePath(id: string): string {
  return `/v1/wormholes/${encodeURIComponent(id)}`;
}
