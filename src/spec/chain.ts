/**
 * The chain: what a spec says, word by word, before any default is filled in.
 *
 * Pure data in one canonical shape: two specs that say the same thing with the same words in another order give
 * equal chains, and `parse(format(chain))` is the chain again. Absent means "not said".
 */
import type { Balance, LinkKind, NamespaceRef, PeerAddress, Protocol, ReadyProbe } from './plan.ts';

/** A namespace that a URL can name in front of `@`. */
export type UrlNamespace = Extract<NamespaceRef, { kind: 'netns' | 'pid' | 'container' }>;

/** The parts of one or several merged `url` words. `path` excludes namespace, host and port. */
export interface UrlParts {
  readonly protocol?: Protocol;
  readonly namespace?: UrlNamespace;
  /** Name or literal without brackets. */
  readonly host?: string;
  /** 0–65535. */
  readonly port?: number;
  /** Absolute; `unix` only. */
  readonly path?: string;
}

/** What the destination's protocol is when the client names the destination. */
export type Connect = 'http' | 'socks5' | 'any';

/** One place that connections come from or go to; at most one of `url.namespace`, `container`, `run`, `host`. */
export interface EndpointSpec {
  readonly url?: UrlParts;
  /** Argument of `docker-ns`. */
  readonly container?: string;
  /** `docker-ns` without an argument: the host's namespace. Heads only. */
  readonly host?: true;
  /** Argument of `docker-run`, split into words. */
  readonly run?: readonly string[];
  /** Tails only. */
  readonly connect?: Connect;
}

/** Options that bind to the head. Durations in milliseconds. */
export interface HeadOptions {
  readonly maxConns?: number;
  readonly connIdleMs?: number;
  readonly mode?: number;
  readonly owner?: string;
}

/** Options that bind to the tail. Durations in milliseconds. */
export interface TailOptions {
  readonly connectTimeoutMs?: number;
  readonly balance?: Balance;
  readonly proxyProtocol?: 'v1' | 'v2';
  /** Absolute path of the file of those who may use `connect`. */
  readonly auth?: string;
  readonly ready?: ReadyProbe;
  readonly timeoutMs?: number;
  readonly idleMs?: number;
  readonly onIdle?: 'stop' | 'pause' | 'remove';
}

/** A head, what is behind it, and the link to the next segment. */
export interface Segment {
  readonly head: EndpointSpec;
  readonly headOptions: HeadOptions;
  /** Said after `tail` (or implied), pool members in order; empty = nothing said. */
  readonly tail: readonly EndpointSpec[];
  /** Said after `trigger`; absent = no `trigger`, empty = `trigger` and no more. Never a pool in both. */
  readonly trigger?: readonly EndpointSpec[];
  readonly tailOptions: TailOptions;
  readonly link?: Link;
}

/** Joins a segment to the next. */
export interface Link {
  readonly kind: LinkKind;
  /** `remote`, `tunnel` and `udptunnel` only. */
  readonly peer?: PeerAddress;
  readonly segment: Segment;
}

/** A whole spec. */
export interface Chain {
  readonly id?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly segment: Segment;
}
