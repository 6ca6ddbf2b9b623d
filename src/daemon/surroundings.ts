/**
 * What wormholes are built from: the machine as the registry sees it.
 *
 * The composition root supplies the real ones (`machine.ts`); tests supply fakes. Nothing here is owned by a wormhole.
 */
import type { LinkFacts } from '../carrier/link/facts.ts';
import type { Engine } from '../docker/engine.ts';
import type { Runner } from '../docker/runner.ts';
import type { DataPlane, Route } from '../proxy/route.ts';
import type { NamespaceRef, PeerAddress, ReadyProbe } from '../spec/plan.ts';
import type { OwnedFd } from '../sys/fd.ts';
import type { ProbeTarget, Ready } from './activator/ready/target.ts';
import type { Turns } from './activator/turns.ts';
import type { Uses } from './activator/uses.ts';
import type { Logger } from './log.ts';
import type { Resolution } from './names/resolution.ts';
import type { GuestCalls } from './peers/guest-calls.ts';
import type { Notices } from './peers/notices.ts';
import type { Peer } from './peers/peer.ts';
import type { Place } from './places/place.ts';
import type { Identity } from './places/sight.ts';
import type { OnMove, Where } from './places/where.ts';
import type { Policies } from './policy/policies.ts';
import type { Ensure } from './tunnels/ensure.ts';
import type { Courses } from './wormhole/courses.ts';

/** Follows one reference until disposed; see `places/follow.ts`. */
export interface Follower extends AsyncDisposable {
  readonly where: Where | undefined;
  /** What a container's reference was found to mean; undefined until it was found, and for other references. */
  readonly identity: Identity | undefined;
  /** Looks again soon; what it sees is told like every move. */
  wake(): void;
}

/** Where a head listens: nothing left to resolve. */
export type HeadAddress =
  /** `host` is an IP literal; port 0 = ephemeral. */
  | { readonly protocol: 'tcp' | 'udp'; readonly host: string; readonly port: number }
  /** `owner` as written, USER[:GROUP]. */
  | { readonly protocol: 'unix'; readonly path: string; readonly mode?: number; readonly owner?: string };

/** An open head. Disposing removes what the socket leaves behind (its file), and closes it if it is still owned. */
export interface HeadSocket extends Disposable {
  readonly socket: OwnedFd;
  /** 0 for unix. */
  readonly port: number;
}

/** What wormholes need of other hosts. */
export interface Abroad {
  /** Routes whose connections come or go on links to peers. */
  readonly plane: Pick<DataPlane, 'open'>;
  /** Connections that its peer opens for the guest go to `route`, until disposed. */
  arrive(guest: string, route: Route): Disposable;
  /** @throws {WormholeError} WH_ERR_UNSUPPORTED for an address that is no peer's */
  peer(address: PeerAddress): { readonly peer: Peer; readonly calls: GuestCalls };
  /** Makes a tunnel of the host itself to a peer, unless there is one. @throws {WormholeError} */
  readonly tunnel: (request: Ensure, signal: AbortSignal) => Promise<{ readonly remote: string }>;
  /** Tells what becomes of a guest at the end of a link, until disposed. */
  readonly follow: Notices['follow'];
  /** Milliseconds to the other end of a link and back, as last measured; null when they are not known. */
  readonly rttMs: (link: number) => Promise<number | null>;
  /** What can be asked of whoever is at the end of a link. */
  callsTo(link: LinkFacts): GuestCalls;
  /** This daemon, as peers know it. */
  readonly host: string;
}

export interface Surroundings {
  readonly plane: DataPlane;
  readonly abroad: Abroad;
  readonly log: Logger;
  /** Connections (UDP: flows) of a wormhole that sets no `max-conns`. */
  readonly maxConns: { readonly stream: number; readonly datagram: number };
  /** This daemon's own id, on the labels of what it starts. */
  hostId(): string;
  readonly engine: Pick<Engine, 'find'>;
  readonly runner: Runner;
  /** Over all wormholes. */
  readonly uses: Uses;
  readonly turns: Turns;
  readonly courses: Courses;
  /** What wormholes of peers may do. */
  readonly policies: Pick<Policies, 'judge' | 'permit' | 'clients'>;
  /** @throws {WormholeError} WH_ERR_CONTAINER_FAILED, WH_ERR_NOT_READY; see `activator/ready` */
  untilReady(probe: ReadyProbe, target: ProbeTarget, signal: AbortSignal): Promise<Ready>;
  /** Resolves when `onMove` has been told where `ref` is now. */
  follow(ref: NamespaceRef, onMove: OnMove, identity?: Identity): Promise<Follower>;
  /** @throws {WormholeError} WH_ERR_NAME_NOT_RESOLVED */
  resolve(host: string, place: Place, signal: AbortSignal): Promise<Resolution>;
  /** @throws {WormholeError} WH_ERR_LISTEN, with the errno in its cause or detail; WH_ERR_NAMESPACE */
  listen(address: HeadAddress, place: Place): HeadSocket;
}
