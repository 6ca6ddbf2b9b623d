/**
 * What the control plane and a relay worker say to each other: plain data and descriptor numbers.
 *
 * A number in a message is a duplicate made for its receiver, or given away by the sender: either way the receiver owns
 * it from then on and closes it. Messages with a `seq` are answered by an `ack` once done, so that the sender knows when
 * its own copy is the last one.
 *
 * Questions and answers cross each other. So answers are numbered per route, and a question carries the number of the
 * last answer that its worker had seen: with an older one it has been answered already, by the message on its way.
 */
import type { ConnectionRecord, RouteOptions, ServedTrace, UpstreamTarget } from './route.ts';

/** RouteOptions without its functions, and without the id that only they use. */
export interface WireRouteOptions
  extends Omit<RouteOptions, 'id' | 'ask' | 'askDestination' | 'onClosed' | 'onServed'> {
  /** The route has an `ask`. */
  readonly asks: boolean;
  /** Somebody listens to ConnectionRecords. */
  readonly records: boolean;
  /** Somebody listens to ServedTraces. */
  readonly traces: boolean;
}

/** A ConnectedTarget whose descriptor the receiver owns. */
export interface WireConnected {
  readonly member: number;
  readonly fd: number;
}

/** An UpstreamTarget whose namespace and root are descriptors for the receiver. */
export interface WireTarget extends Omit<UpstreamTarget, 'namespace' | 'address'> {
  readonly address:
    | Exclude<UpstreamTarget['address'], { kind: 'unix' }>
    | { readonly kind: 'unix'; readonly path: string; readonly rootFd: number };
  /** -1 = the worker's own. */
  readonly namespaceFd: number;
}

/** What a route has in common over all workers; one Int32 each. */
export interface InCommon {
  /** Connections open. */
  readonly open: SharedArrayBuffer;
  /** Whose turn it is. */
  readonly rotation: SharedArrayBuffer;
}

export type ToRelay =
  | {
      readonly type: 'open';
      readonly route: number;
      readonly options: WireRouteOptions;
      readonly counters: SharedArrayBuffer;
      readonly common: InCommon;
    }
  | { readonly type: 'listen'; readonly seq: number; readonly route: number; readonly fd: number }
  | { readonly type: 'unlisten'; readonly seq: number; readonly route: number }
  | {
      readonly type: 'targets';
      readonly seq: number;
      readonly route: number;
      readonly targets: readonly WireTarget[];
      readonly validForMs: number;
      /** 0 = nobody asked for this. */
      readonly answer: number;
      readonly connected?: WireConnected;
    }
  | { readonly type: 'ask-failed'; readonly route: number; readonly answer: number; readonly reason: string }
  /** Answered when no connection is left; with `abort`, they are ended now. */
  | { readonly type: 'close'; readonly seq: number; readonly route: number; readonly abort: boolean };

export type FromRelay =
  | { readonly type: 'ready' }
  | { readonly type: 'ack'; readonly seq: number; readonly error?: string }
  | { readonly type: 'ask'; readonly route: number; readonly answers: number }
  /** Those who waited in this worker have left. */
  | { readonly type: 'unask'; readonly route: number; readonly answers: number }
  /** The first connection of this worker that `answer` brought to its target. */
  | { readonly type: 'served'; readonly route: number; readonly answer: number; readonly trace: ServedTrace }
  | {
      readonly type: 'records';
      readonly route: number;
      readonly records: readonly ConnectionRecord[];
      /** Further records that were dropped because there were too many. */
      readonly dropped: number;
    }
  /** Something an operator must know; repeated at most once a second for each kind. */
  | { readonly type: 'fault'; readonly message: string };

/** workerData of a relay worker. */
export interface RelayWorkerData {
  readonly port: import('node:worker_threads').MessagePort;
  /** eventfd that says "look at the port"; the worker's own duplicate. */
  readonly wakeFd: number;
  /** One Int32; not 0 = leave the loop. */
  readonly stop: SharedArrayBuffer;
  readonly neighbours: NeighbourData;
  /** See `passing.ts`. */
  readonly passing: SharedArrayBuffer;
}

/** What a worker needs to reach the others, see `thread/neighbours.ts`. */
export interface NeighbourData {
  /** Its own place among them. */
  readonly index: number;
  readonly shared: SharedArrayBuffer;
  /** Everybody's eventfd, the worker's own duplicates. */
  readonly wakeFds: readonly number[];
}
