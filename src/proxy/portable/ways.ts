/**
 * Ways to targets beyond what node:net and node:dgram do by themselves.
 */
import type { Duplex } from 'node:stream';
import type { ByteStream } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { RouteOptions, UpstreamAddress, UpstreamTarget } from '../route.ts';
import type { DatagramEnd } from './datagram-end.ts';
import type { Pump } from './pump.ts';
import type { Raw } from './raw.ts';

/** An address of a link. */
export type LinkAddress = Extract<UpstreamAddress, { kind: 'link' }>;

/** A stream whose answer is awaited; the caller's. */
export interface Opening {
  /** Before the answer only to be reset, or written to if {@link early} says so. */
  readonly stream: ByteStream;
  /** What is written before the answer goes behind the head: a round trip less. */
  readonly early: boolean;
}

/** Whom the answer to a stream is told, once. */
export interface OpeningUser {
  /** @param early bytes that came behind the answer */
  readonly onYes: (stream: ByteStream, early: Buffer) => void;
  readonly onNo: (error: Error) => void;
}

/** What is absent cannot be reached. */
export interface Ways {
  /**
   * Opens a stream of a link, with `allowHalfOpen`; owned by the caller.
   *
   * @param from where the client came from
   * @param signal of who has left; what resolves after that is destroyed
   * @throws why it cannot be opened
   */
  readonly link?: (address: LinkAddress, from: string, signal: AbortSignal) => Promise<Duplex>;
  /**
   * As {@link link}, without a promise and a stream of Node.js.
   *
   * @throws why it cannot be opened
   */
  readonly openLink?: (address: LinkAddress, from: string, user: OpeningUser) => Opening;
  /** Opens a flow of datagrams through a link, as {@link link} does a stream. */
  readonly flow?: (address: LinkAddress, from: string, signal: AbortSignal) => Promise<DatagramEnd>;
  /** Connects in the target's namespace or root (Linux, root). */
  readonly raw?: Raw;
  /** Joins sockets with streams of links (Linux). */
  readonly pump?: Pump | undefined;
}

/** @throws {WormholeError} WH_ERR_UNSUPPORTED when no way leads to `target` */
export function refuseUnreachable(target: UpstreamTarget, kind: RouteOptions['kind'], ways: Ways): void {
  const why = unreachable(target, kind, ways);
  if (why === undefined) return;
  throw new WormholeError('WH_ERR_UNSUPPORTED', `${target.label} ${why}`, { detail: { target: target.label } });
}

function unreachable(
  { address, namespace }: UpstreamTarget,
  kind: RouteOptions['kind'],
  ways: Ways,
): string | undefined {
  if (address.kind === 'link') {
    const way = kind === 'stream' ? ways.link : ways.flow;
    return way === undefined ? 'is reached on a link to a peer, which this relay has none of' : undefined;
  }
  const foreign = namespace !== undefined || (address.kind === 'unix' && address.root !== undefined);
  if (!foreign) return undefined;
  if (ways.raw === undefined) {
    return 'lives in a namespace, which this relay cannot enter: run wormholed as root on Linux';
  }
  // node:dgram names the sender of each datagram, and cannot where only another namespace has its interface
  const scoped = kind === 'datagram' && address.kind === 'ip' && address.host.includes('%');
  return scoped ? 'is link-local in a namespace, where this relay cannot send datagrams' : undefined;
}
