/**
 * One route inside one worker: where its acceptor, its pool, its connections and its counters meet.
 *
 * Asks the control plane for targets when it has none or they are stale; connections wait meanwhile. Owns the
 * descriptors of its targets' namespaces and roots.
 */
import { errnoName } from '../../sys/errno.ts';
import { type Counters, Slot } from '../counters.ts';
import type { WireRouteOptions, WireTarget } from '../messages.ts';
import type { ConnectionRecord } from '../route.ts';
import { Asker } from '../target/asker.ts';
import type { DialTarget } from '../target/dialer.ts';
import { Pool } from '../target/pool.ts';
import { TargetSet } from '../target/target-set.ts';
import { Records } from '../thread/records.ts';
import { Timer } from '../thread/timers.ts';
import type { WorkerRoute } from '../thread/worker-route.ts';
import type { RelayWorker } from '../thread/worker-state.ts';
import { Acceptor } from './acceptor.ts';
import { Connection } from './connection.ts';
import { clientEndpoints } from './endpoints.ts';
import { proxyHeader } from './proxy-protocol.ts';

const PUBLISH_MS = 100;

/** See the module header. */
export class ServedRoute extends Timer implements WorkerRoute {
  readonly worker: RelayWorker;
  readonly options: WireRouteOptions;
  readonly counters: Counters;
  readonly pool: Pool<DialTarget>;
  readonly #asker: Asker;
  readonly #targets = new TargetSet();
  readonly #records: Records | undefined;
  readonly #connections = new Set<Connection>();
  readonly #open: Int32Array;
  #waiting: Connection[] = [];
  #acceptor: Acceptor | undefined;
  /** Set once closing; an abort may join a drain that has begun. */
  #onDrained: Array<() => void> | undefined;

  constructor(
    worker: RelayWorker,
    number: number,
    options: WireRouteOptions,
    counters: Counters,
    open: SharedArrayBuffer,
  ) {
    super();
    this.worker = worker;
    this.#asker = new Asker(worker, number, options.asks);
    this.options = options;
    this.counters = counters;
    this.#open = new Int32Array(open);
    this.pool = new Pool({ balance: options.balance, random: Math.random, now: () => worker.loop.now });
    if (options.records) this.#records = new Records(number, worker.loop.timers, worker.post);
  }

  // --- what the control plane asks ------------------------------------------------------------------------------

  listen(fd: number): void {
    this.unlisten();
    this.#acceptor = new Acceptor(this, fd);
  }

  unlisten(): void {
    this.#acceptor?.close();
    this.#acceptor = undefined;
  }

  retarget(wire: readonly WireTarget[], validForMs: number): void {
    this.pool.replace(this.#targets.replace(wire));
    this.#asker.answered(validForMs);
    this.healthChanged();
    for (const connection of this.#waiting.splice(0)) connection.dial();
  }

  askFailed(reason: string): void {
    this.#asker.failed();
    for (const connection of this.#waiting.splice(0)) connection.abort('no-target', reason);
  }

  /** Stops accepting; `onDrained` is called when the last connection has ended, which `abort` makes now. */
  close(abort: boolean, onDrained: () => void): void {
    this.unlisten();
    this.#onDrained = [...(this.#onDrained ?? []), onDrained];
    if (abort) for (const connection of this.#connections) connection.abort('closed-by-daemon');
    this.#checkDrained();
  }

  // --- what the acceptor asks -----------------------------------------------------------------------------------

  /** Takes one of the route's places, over all workers. */
  admit(): boolean {
    if (Atomics.add(this.#open, 0, 1) < this.options.maxConns) return true;
    Atomics.sub(this.#open, 0, 1);
    return false;
  }

  unadmit(): void {
    Atomics.sub(this.#open, 0, 1);
  }

  /** @param fd an admitted connection, owned from now on */
  accepted(fd: number, clientAddress: () => string): void {
    this.counters.add(Slot.open, 1);
    this.counters.add(Slot.total, 1);
    const connection = new Connection(this, fd, clientAddress);
    this.#connections.add(connection);
    if (this.#asker.stale) {
      this.#waiting.push(connection);
      this.#asker.ask();
    } else connection.dial();
  }

  // --- what a connection reports --------------------------------------------------------------------------------

  /** All targets failed once: what we know of them may be old. */
  roundFailed(): void {
    this.#asker.doubt();
  }

  /** There was no descriptor for a dial. */
  exhausted(errno: number): void {
    this.worker.fault(`dial: ${errnoName(errno)}; pausing`);
    this.#acceptor?.rest();
  }

  counted(fromClient: boolean, bytes: number): void {
    this.counters.add(fromClient ? Slot.bytesIn : Slot.bytesOut, bytes);
  }

  healthChanged(): void {
    if (this.next === undefined) this.worker.loop.timers.arm(this, this.worker.loop.now + PUBLISH_MS);
  }

  /** The header that announces the client behind `fd`. */
  header(fd: number): Uint8Array {
    return proxyHeader(this.options.proxyProtocol ?? 'v1', clientEndpoints(fd));
  }

  ended(connection: Connection, failed: boolean, record: () => ConnectionRecord): void {
    this.#connections.delete(connection);
    this.counters.add(Slot.open, -1);
    if (failed) {
      this.counters.add(Slot.failed, 1);
      const at = this.#waiting.indexOf(connection);
      if (at >= 0) this.#waiting.splice(at, 1);
    }
    this.#records?.add(record, this.worker.loop.now);
    this.healthChanged();
    this.unadmit();
    this.#acceptor?.wake();
    this.#checkDrained();
  }

  /** Publishes the members' health. */
  override onTimer(): void {
    const health = this.pool.health();
    this.counters.publish(health);
    if (health.some(({ up }) => !up)) this.healthChanged();
  }

  #checkDrained(): void {
    if (this.#onDrained === undefined || this.#connections.size > 0) return;
    const drained = this.#onDrained;
    this.#onDrained = undefined;
    this.worker.loop.timers.disarm(this);
    this.counters.publish(this.pool.health());
    this.#records?.flush();
    this.#targets.close();
    for (const callback of drained) callback();
  }
}
