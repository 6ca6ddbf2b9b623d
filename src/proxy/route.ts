/**
 * The data plane as the control plane sees it: routes, and what may be done to them.
 *
 * A *route* is the data-plane half of one wormhole: at most one listener (the head), a pool of upstream
 * targets (the tail), counters, and the connections between them. Everything crosses as file descriptors and
 * plain data; the data plane never parses a spec, resolves a name or talks to Docker.
 */
import type { Balance } from '../spec/plan.ts';
import type { OwnedFd } from '../sys/fd.ts';
import type { NetNamespace } from '../sys/netns.ts';
import type { Destination } from './connect/destination.ts';

/** A directory that paths of unix targets are resolved in, never above: an O_PATH fd of `/proc/PID/root`. */
export interface RootDirectory {
  readonly fd: number;
}

/** An address that is really dialed: no names, nothing left to resolve. */
export type UpstreamAddress =
  /** `host` is an IPv4 or IPv6 literal without brackets (a `%scope` is allowed on link-local IPv6). */
  | { readonly kind: 'ip'; readonly host: string; readonly port: number }
  /** With `root`, resolved as inside that root (openat2 RESOLVE_IN_ROOT); without, on the host. */
  | { readonly kind: 'unix'; readonly path: string; readonly root?: RootDirectory }
  /** A stream of the link with that number, for a guest of the peer there; `hops` peers come with this one. */
  | { readonly kind: 'link'; readonly link: number; readonly guest: string; readonly hops: number };

/** One address to dial. Several addresses of one pool member share its `member` index and so its health. */
export interface UpstreamTarget {
  readonly member: number;
  /** For logs, `ls` and stats, e.g. `db@127.0.0.1:3306`. */
  readonly label: string;
  readonly address: UpstreamAddress;
  /** Where the socket is made; absent = the daemon's own. Borrowed for the length of the call. */
  readonly namespace?: NetNamespace;
}

/** What a tail resolves to now. */
export interface Targets {
  readonly targets: readonly UpstreamTarget[];
  /** Milliseconds until the route asks again before dialing; Infinity for addresses that cannot change. */
  readonly validForMs: number;
  /**
   * A connection to that member which exists already, as whoever found it ready made it. Ownership passes to the
   * route: the connection that has waited longest is given it instead of a dial; it is closed when nobody waits.
   */
  readonly connected?: ConnectedTarget;
}

/** See {@link Targets.connected}. */
export interface ConnectedTarget {
  readonly member: number;
  /** Non-blocking; nothing was read from it or written to it. */
  readonly socket: OwnedFd;
}

/** What the destination that one client named resolves to, for that client alone. */
export interface NamedTargets extends Targets {
  /** Called when none of them is dialed any more; what they borrow may go then. */
  readonly done?: () => void;
}

/** How clients are asked where they want to go. Plain data: it crosses to threads. */
export interface ConnectOptions {
  readonly kind: 'http' | 'socks5' | 'any';
  /** Milliseconds until a client has said it. */
  readonly deadlineMs: number;
  /** Absolute path of the file of those who are served; absent = everybody. */
  readonly auth?: string;
}

/**
 * How the first connection that an answer brought to its target got there: Unix milliseconds, with fractions.
 */
export interface ServedTrace {
  readonly acceptedAt: number;
  /** Connected to its target. */
  readonly dialedAt: number;
  /** First byte target → client. */
  readonly firstByteAt: number;
}

/** One closed connection, for the log line and the counters' reader. */
export interface ConnectionRecord {
  /** Peer address as text, e.g. `127.0.0.1:40312`; '' for unix clients. */
  readonly client: string;
  /** Label of the target, '' when none was reached. */
  readonly upstream: string;
  /** Stable words: 'done' both sides ended; the others name who or what ended it. */
  readonly reason:
    | 'done'
    | 'client-reset'
    | 'target-reset'
    | 'client-gone'
    | 'dial-failed'
    | 'no-target'
    /** It asked for what it does not get: not a CONNECT, wrong credentials. */
    | 'refused'
    | 'conn-idle'
    | 'half-open-linger'
    | 'closed-by-daemon'
    | 'local-error';
  /** Text for people: the last dial error, an errno; '' when there is nothing to say. */
  readonly detail: string;
  readonly durationMs: number;
  /** Milliseconds from accept to an established upstream; -1 when never reached. */
  readonly dialMs: number;
  /** Bytes client → target. */
  readonly bytesIn: number;
  /** Bytes target → client. */
  readonly bytesOut: number;
}

/** Settings of a route that do not change while it lives. Milliseconds throughout; 0 = off. */
export interface RouteOptions {
  /** The wormhole's id; used in log records only. */
  readonly id: string;
  readonly kind: 'stream' | 'datagram';
  readonly balance: Balance;
  readonly connectTimeoutMs: number;
  readonly connIdleMs: number;
  /** A half-closed connection without a byte for this long is ended. */
  readonly halfOpenLingerMs: number;
  /** UDP: a flow without a datagram for this long is ended. */
  readonly flowIdleMs: number;
  /** Connections (UDP: flows) at once over all workers. */
  readonly maxConns: number;
  readonly proxyProtocol?: 'v1' | 'v2';
  /**
   * Called when a connection waits and the targets are stale or absent, or when all of them failed to dial;
   * single-flight per route. A rejection fails the connections that wait. `signal` aborts when those who waited have
   * all left, and when the route ends; who comes after that is answered by a call of its own, made once this one has
   * settled. Clients of datagrams do not leave.
   */
  readonly ask?: (signal: AbortSignal) => Promise<Targets>;
  /** Each client names its destination, by this protocol; the route has no targets of its own. Portable plane, streams. */
  readonly connect?: ConnectOptions;
  /**
   * Where a destination that a client named is, for that one client; goes with `connect`. A WormholeError of a rejection decides what the
   * client is told: WH_ERR_POLICY that it is not allowed, and so on.
   *
   * @param client where it comes from, as in its record
   */
  readonly askDestination?: (destination: Destination, client: string, signal: AbortSignal) => Promise<NamedTargets>;
  /** The first connection served after an `ask`: once per answer, when its first byte reaches the client. */
  readonly onServed?: (trace: ServedTrace) => void;
  readonly onClosed?: (record: ConnectionRecord) => void;
}

/** Counters since the route was opened, summed over all workers. */
export interface RouteStats {
  readonly connectionsOpen: number;
  /** Those of them that wait for targets; UDP: flows. Exact once a {@link Route.retarget} has resolved. */
  readonly connectionsWaiting: number;
  readonly connectionsTotal: number;
  readonly connectionsFailed: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Dial time in milliseconds, from a log-scale histogram (±15.5 %); null before the first dial. */
  readonly dialP50Ms: number | null;
  readonly dialP99Ms: number | null;
  /** UDP only: datagrams each way, and those dropped because a limit or the kernel refused them. */
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  readonly datagramsDropped: number;
  /** Passive health per pool member, as seen by the dialers. */
  readonly members: readonly MemberHealth[];
}

export interface MemberHealth {
  readonly member: number;
  readonly open: number;
  /** Dials under way. Exact, as `open` is, once a {@link Route.retarget} has resolved. */
  readonly pending: number;
  readonly dialed: number;
  readonly failed: number;
  /** False while the member is skipped after failing. */
  readonly up: boolean;
}

/** The data-plane half of one wormhole. */
export interface Route extends AsyncDisposable {
  /** Takes ownership of a listening (or bound UDP) socket; an older listener is closed first. Connections go on. */
  listen(socket: OwnedFd): Promise<void>;
  /** Closes the listener, if any; connections go on. Resolves when no worker watches it any more. */
  unlisten(): Promise<void>;
  /**
   * Replaces the pool for new connections; established ones go on, and a dial under way ends as it may. Those who wait
   * are served from it, unless it is stale at once (no targets, or valid for 0 ms): then they wait for their answer.
   */
  retarget(targets: Targets): Promise<void>;
  stats(): RouteStats;
  /** Closes the listener and resolves when the last connection has ended, or aborts the rest after `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** The relay workers. */
export interface DataPlane extends AsyncDisposable {
  open(options: RouteOptions): Promise<Route>;
}
