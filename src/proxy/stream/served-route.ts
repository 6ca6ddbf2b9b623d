/**
 * One route inside one worker: where its acceptor, its pool, its connections and its counters meet.
 *
 * Asks the control plane for targets when it has none or they are stale; connections wait meanwhile. Owns the
 * descriptors of its targets' namespaces and roots.
 */
import { Crowd } from '../../lib/crowd.ts';
import { errnoName } from '../../sys/errno.ts';
import { close } from '../../sys/libc.ts';
import { formatIp } from '../../sys/sockaddr.ts';
import { type Counters, Slot } from '../counters.ts';
import type { InCommon, WireRouteOptions } from '../messages.ts';
import type { ConnectionRecord, ServedTrace } from '../route.ts';
import { Asker } from '../target/asker.ts';
import type { DialTarget } from '../target/dialer.ts';
import { Pool } from '../target/pool.ts';
import { Rotation } from '../target/rotation.ts';
import { TargetSet } from '../target/target-set.ts';
import { Records } from '../thread/records.ts';
import { Timer } from '../thread/timers.ts';
import type { WireTargets, WorkerRoute } from '../thread/worker-route.ts';
import type { RelayWorker } from '../thread/worker-state.ts';
import { Acceptor } from './acceptor.ts';
import { born } from './birth.ts';
import type { Connection } from './connection.ts';
import { clientEndpoint, clientEndpoints } from './endpoints.ts';
import { proxyHeader } from './proxy-protocol.ts';

const PUBLISH_MS = 100;

/** See the module header. */
export class ServedRoute extends Timer implements WorkerRoute {
  readonly worker: RelayWorker;
  readonly number: number;
  readonly options: WireRouteOptions;
  readonly counters: Counters;
  readonly pool: Pool<DialTarget>;
  readonly #asker: Asker;
  readonly #targets = new TargetSet();
  readonly #records: Records | undefined;
  readonly #connections = new Crowd<Connection>();
  readonly #open: Int32Array;
  /** Connections without a target to dial, in the order they came. */
  readonly #waiting = new Set<Connection>();
  /** The answer whose first connection has been told of. */
  #served = 0;
  #acceptor: Acceptor | undefined;
  /** Set once closing; an abort may join a drain that has begun. */
  #onDrained: Array<() => void> | undefined;

  constructor(worker: RelayWorker, number: number, options: WireRouteOptions, counters: Counters, common: InCommon) {
    super();
    this.worker = worker;
    this.number = number;
    this.#asker = new Asker(worker, number, options.asks);
    this.options = options;
    this.counters = counters;
    this.#open = new Int32Array(common.open);
    const rotation = new Rotation(new Int32Array(common.rotation));
    this.pool = new Pool({ balance: options.balance, random: Math.random, now: () => worker.loop.now, rotation });
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

  retarget({ answer, targets: wire, validForMs, connected }: WireTargets): void {
    let spare = connected?.fd ?? -1;
    try {
      const targets = this.#targets.replace(wire);
      this.pool.replace(targets);
      if (!this.#asker.learned(answer, targets.length, validForMs)) return;
      const target = targets.find(({ member }) => member === connected?.member);
      for (const connection of this.#takeWaiting()) {
        const fd = target === undefined ? -1 : spare;
        if (fd >= 0) spare = -1;
        connection.dial(target, fd);
      }
    } finally {
      if (spare >= 0) close(spare);
      // Before it is acknowledged: whoever sent this may look at once.
      this.#publish();
    }
  }

  askFailed(answer: number, reason: string): void {
    this.#asker.failed(answer);
    for (const connection of this.#takeWaiting()) connection.abort('no-target', reason);
  }

  #takeWaiting(): Connection[] {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#countWaiting();
    return waiting;
  }

  #countWaiting(): void {
    this.counters.slots[Slot.waiting] = this.#waiting.size;
  }

  /** Stops accepting; `onDrained` is called when the last connection has ended, which `abort` makes now. */
  close(abort: boolean, onDrained: () => void): void {
    this.unlisten();
    this.#onDrained = [...(this.#onDrained ?? []), onDrained];
    if (abort) for (const connection of this.#connections.all()) connection.abort('closed-by-daemon');
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

  /** Somebody listens to records. */
  get recording(): boolean {
    return this.#records !== undefined;
  }

  /** @param fd an admitted connection that another worker accepted, owned from now on */
  given(fd: number): void {
    const client = this.recording ? clientEndpoint(fd) : undefined;
    this.accepted(fd, client === undefined ? undefined : () => formatIp(client));
  }

  /** @param fd an admitted connection, owned from now on @throws {SyscallError} when it cannot be watched; then it never was */
  accepted(fd: number, clientAddress: (() => string) | undefined): void {
    const connection = born(this, fd, clientAddress);
    this.counters.add(Slot.open, 1);
    this.counters.add(Slot.total, 1);
    this.#connections.add(connection);
    if (this.#asker.stale) this.#await(connection);
    else connection.dial();
  }

  #await(connection: Connection): void {
    connection.wait(this.options.traces ? this.#asker.awaited : 0);
    this.#waiting.add(connection);
    this.#countWaiting();
    this.#asker.ask();
  }

  // --- what a connection reports --------------------------------------------------------------------------------

  /** All targets failed once: what we know of them may be old. */
  roundFailed(): void {
    this.#asker.doubt();
  }

  /** A connection's targets went before it reached one. @returns true when it waits for others now */
  sendBack(connection: Connection): boolean {
    if (!this.#asker.stale) return false;
    this.#await(connection);
    return true;
  }

  /** There was no descriptor for a dial. */
  exhausted(errno: number): void {
    this.worker.fault(`dial: ${errnoName(errno)}; pausing`);
    this.#acceptor?.rest();
  }

  counted(fromClient: boolean, bytes: number): void {
    this.counters.add(fromClient ? Slot.bytesIn : Slot.bytesOut, bytes);
  }

  /** The first byte from its target reached a connection that had waited. */
  served(answer: number, acceptedAt: number, dialedAt: number): void {
    if (answer <= this.#served) return;
    this.#served = answer;
    // Each thread counts from an origin of its own.
    const unix = (ms: number): number => performance.timeOrigin + ms;
    const firstByteAt = unix(performance.now());
    const trace: ServedTrace = { acceptedAt: unix(acceptedAt), dialedAt: unix(dialedAt), firstByteAt };
    this.worker.post({ type: 'served', route: this.number, answer, trace });
  }

  healthChanged(): void {
    if (this.next === undefined) this.worker.loop.timers.arm(this, this.worker.loop.now + PUBLISH_MS);
  }

  /** The header that announces the client behind `fd`. */
  header(fd: number): Uint8Array {
    return proxyHeader(this.options.proxyProtocol ?? 'v1', clientEndpoints(fd));
  }

  ended(connection: Connection, failed: boolean, reason: ConnectionRecord['reason'], detail: string): void {
    this.#connections.delete(connection);
    this.worker.onward.ended(connection);
    this.counters.add(Slot.open, -1);
    if (failed) {
      this.counters.add(Slot.failed, 1);
      if (this.#waiting.delete(connection)) this.#left();
    }
    this.#records?.add(() => connection.record(reason, detail), this.worker.loop.now);
    this.healthChanged();
    this.unadmit();
    this.worker.neighbours.count(-1);
    this.#acceptor?.wake();
    this.#checkDrained();
  }

  /** A connection has left the line. */
  #left(): void {
    this.#countWaiting();
    if (this.#waiting.size === 0) this.#asker.unask();
  }

  override onTimer(): void {
    this.#publish();
  }

  #publish(): void {
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
