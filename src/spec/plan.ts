/**
 * The plan: what a chain will do on this machine, with all defaults filled in.
 *
 * Pure data, JSON-safe and printable (`wormhole explain`). The planner makes it, the daemon carries it out;
 * nothing in it has touched the system yet.
 */

/** Wire value; explicit strings, never positions. */
export type Protocol = 'tcp' | 'udp' | 'unix';

/** Which network namespace an endpoint lives in (for `unix`: whose mount namespace the path is looked up in). */
export type NamespaceRef =
  | { readonly kind: 'host' }
  /** An `ip netns` name, i.e. a file directly under /run/netns. */
  | { readonly kind: 'netns'; readonly name: string }
  | { readonly kind: 'pid'; readonly pid: number }
  /** A container's name, id or unambiguous id prefix, as the user wrote it. */
  | { readonly kind: 'container'; readonly container: string }
  /** The container that a `docker-run` of this same endpoint starts; `of: 'parent'`: of the tail this segment hangs on. */
  | { readonly kind: 'run'; readonly of?: 'parent' };

/** A peer's control address. */
export type PeerAddress =
  /** `host` is '' for `:PORT`: this machine when dialed, every address when listened on. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** A bare word: a configured peer's name, or a host name with the default port. */
  | { readonly kind: 'name'; readonly name: string };

/** Where the wormhole listens. */
export interface HeadPlan {
  readonly protocol: Protocol;
  readonly namespace: NamespaceRef;
  /** Literal IPv4/IPv6 (no brackets) or a host name; '' for `unix`, and where `arrival` says so. */
  readonly host: string;
  /** 0 = ephemeral; 0 for `unix`. */
  readonly port: number;
  /** Absolute socket path; `unix` only. */
  readonly path?: string;
  /**
   * Set on the first head that runs on a peer. `carrier` (after `remote`): nothing listens, connections arrive on the
   * carrier. `overlay` (after `tunnel`): listens on the tunnel's own address, known when the tunnel is up. `host` is ''.
   */
  readonly arrival?: 'carrier' | 'overlay';
  /** A container to start for the head (`docker-run` on a head). */
  readonly run?: RunPlan;
  /** Connections at once over all workers; absent = the daemon's default. */
  readonly maxConns?: number;
  /** Milliseconds without a byte before a connection is closed; 0 = never. */
  readonly connIdleMs: number;
  /** Permission bits of a unix head, e.g. 0o660. */
  readonly mode?: number;
  /** USER[:GROUP] of a unix head. */
  readonly owner?: string;
}

/** Arguments of one `docker-run`, split into words as a shell would. */
export interface RunPlan {
  readonly words: readonly string[];
}

/** One member of the pool behind a tail. */
export interface TargetPlan {
  readonly protocol: Protocol;
  readonly namespace: NamespaceRef;
  /** Literal IPv4/IPv6 (no brackets) or a host name; '' for `unix` and `connect`. */
  readonly host: string;
  /** 1–65535; 0 for `unix` and `connect`. */
  readonly port: number;
  readonly path?: string;
  readonly run?: RunPlan;
  /** The destination comes from the client, by this protocol. */
  readonly connect?: 'http' | 'socks5' | 'any';
}

export type Balance = 'rr' | 'least-conn' | 'first' | 'random';

export type ReadyProbe =
  /** `byDefault`: the spec named no probe, so an image's own HEALTHCHECK is asked where there is one. */
  | { readonly kind: 'tcp'; readonly byDefault?: true }
  | { readonly kind: 'http'; readonly port: number; readonly path: string }
  | { readonly kind: 'health' }
  | { readonly kind: 'log'; readonly regex: string }
  | { readonly kind: 'none' };

/** Where each connection should end up. */
export interface TailPlan {
  /** True behind `trigger`: made to exist by the first connection. */
  readonly lazy: boolean;
  /** Pool members, in the order written; for `chain` the next head; empty when a peer takes the connection. */
  readonly targets: readonly TargetPlan[];
  readonly balance: Balance;
  /** Milliseconds for all dial attempts of one connection together. */
  readonly connectTimeoutMs: number;
  readonly proxyProtocol?: 'v1' | 'v2';
  /** Absolute path, on the machine that runs this, of the file of those who may use `connect`; absent = everybody. */
  readonly auth?: string;
  /** When a started container is ready; absent when the tail names none. */
  readonly ready?: ReadyProbe;
  /** Milliseconds from trigger to ready. */
  readonly readyTimeoutMs: number;
  /** Milliseconds without any open connection before the container is stopped; 0 = never. */
  readonly idleMs: number;
  readonly onIdle: 'stop' | 'pause' | 'remove';
}

export type LinkKind = 'child' | 'chain' | 'remote' | 'tunnel' | 'udptunnel';

/** The rest of the chain, and where it runs. */
export interface LinkPlan {
  readonly kind: LinkKind;
  /** True when the link stands after `trigger`. */
  readonly lazy: boolean;
  /** Set for `remote`, `tunnel` and `udptunnel`. */
  readonly peer?: PeerAddress;
  /** Set with `peer`: what the peer is told, to plan the rest by itself. */
  readonly rest?: RestOfSpec;
  readonly segment: SegmentPlan;
}

/** The part of a spec behind a link to a peer, and what it takes over from the part before. */
export interface RestOfSpec {
  /** Canonical; none when nothing follows the link. */
  readonly words: readonly string[];
  readonly protocol: Protocol;
  /** The nearest port that was given explicitly to a head before. */
  readonly port?: number;
}

export interface SegmentPlan {
  readonly head: HeadPlan;
  readonly tail: TailPlan;
  readonly link?: LinkPlan;
}

/** The whole of one `create`. */
export interface Plan {
  /** Given by the user; absent = the daemon picks one. */
  readonly id?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly segment: SegmentPlan;
}
