/**
 * A UDP route inside the one worker that serves it: datagrams from the head to their flows' sockets, answers back.
 *
 * A full socket or an unreachable target costs datagrams, which are counted, and never more: no error on a flow ends
 * it, let alone the head. Owns the head's duplicate and its flows.
 */
import { EPOLLIN } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import { close } from '../../sys/libc.ts';
import { localEndpoint } from '../../sys/sockets.ts';
import { type Counters, Slot } from '../counters.ts';
import type { WireRouteOptions } from '../messages.ts';
import type { ConnectionRecord } from '../route.ts';
import { Asker } from '../target/asker.ts';
import type { Pollable } from '../thread/loop.ts';
import { Records } from '../thread/records.ts';
import { Timer } from '../thread/timers.ts';
import type { WireTargets, WorkerRoute } from '../thread/worker-route.ts';
import type { RelayWorker } from '../thread/worker-state.ts';
import { sendRun } from './datagram-run.ts';
import { Flow, type FlowOwner } from './flow.ts';
import { flowKey, localControl } from './flow-key.ts';
import { FlowTable } from './flow-table.ts';
import { FlowTargets } from './flow-targets.ts';
import { HeldDatagrams } from './held.ts';

/** Batches per wake, so that a flood cannot starve the other sockets. */
const BATCHES = 4;
const HOUSEKEEPING_MS = 100;
const NOTHING = Buffer.alloc(0);

/** See the module header. */
export class ServedDatagrams extends Timer implements Pollable, FlowOwner, WorkerRoute {
  readonly #worker: RelayWorker;
  readonly #options: WireRouteOptions;
  readonly #counters: Counters;
  readonly #targets: FlowTargets;
  readonly #flows = new FlowTable();
  readonly #asker: Asker;
  readonly #held: HeldDatagrams;
  readonly #records: Records | undefined;
  #head = -1;
  #wildcard = false;

  constructor(worker: RelayWorker, number: number, options: WireRouteOptions, counters: Counters) {
    super();
    this.#worker = worker;
    this.#options = options;
    this.#counters = counters;
    this.#targets = new FlowTargets(worker, options.balance);
    this.#asker = new Asker(worker, number, options.asks);
    this.#held = new HeldDatagrams(counters);
    if (options.records) this.#records = new Records(number, worker.loop.timers, worker.post);
  }

  listen(fd: number): void {
    this.unlisten();
    const host = localEndpoint(fd)?.host;
    this.#wildcard = host === '0.0.0.0' || host === '::';
    this.#head = fd;
    this.#worker.loop.add(fd, EPOLLIN, this);
  }

  unlisten(): void {
    if (this.#head < 0) return;
    this.#worker.loop.remove(this.#head);
    close(this.#head);
    this.#head = -1;
  }

  retarget({ answer, targets: wire, validForMs, connected }: WireTargets): void {
    // Nobody can take it: a probe's socket has no client of its own.
    if (connected !== undefined) close(connected.fd);
    this.#targets.replace(wire, this.#flows.values());
    if (this.#asker.learned(answer, wire.length, validForMs)) {
      for (const flow of this.#flows.values()) this.#release(flow);
    }
    this.onTimer(this.#worker.loop.now);
  }

  askFailed(answer: number): void {
    this.#asker.failed(answer);
    for (const flow of this.#flows.values()) this.#held.drop(flow);
  }

  /** Flows have no end to wait for: they go at once. */
  close(_abort: boolean, onDrained: () => void): void {
    this.unlisten();
    for (const flow of this.#flows.values()) this.#end(flow, 'closed-by-daemon');
    this.#worker.loop.timers.disarm(this);
    this.#records?.flush();
    this.#targets.close();
    onDrained();
  }

  // --- client → target -----------------------------------------------------------------------------------------

  onEvents(): void {
    const { datagrams } = this.#worker;
    for (let turn = 0; turn < BATCHES && this.#head >= 0; turn++) {
      const count = datagrams.receive(this.#head);
      if (count <= 0) return;
      for (let first = 0; first < count; ) {
        const key = flowKey(datagrams, first, this.#wildcard);
        let end = first + 1;
        while (end < count && flowKey(datagrams, end, this.#wildcard) === key) end++;
        this.#forward(this.#flows.get(key) ?? this.#open(key, first), first, end - first);
        first = end;
      }
      datagrams.rearm(count);
      if (count < datagrams.capacity) return;
    }
  }

  #open(key: string | number, i: number): Flow {
    const { datagrams, loop } = this.#worker;
    if (this.#flows.size >= this.#options.maxConns && this.#flows.oldest !== undefined) {
      this.#end(this.#flows.oldest, 'conn-idle');
    }
    const at = datagrams.nameAt(i);
    const v4 = datagrams.names.view.getUint16(at, true) === 2;
    const client = Buffer.from(datagrams.names.buffer.subarray(at, at + (v4 ? 16 : 28)));
    const flow = new Flow(this, key, client, this.#wildcard ? localControl(datagrams, i) : NOTHING, loop.now);
    this.#flows.add(flow);
    this.#counters.add(Slot.open, 1);
    this.#counters.add(Slot.total, 1);
    this.#publishSoon();
    return flow;
  }

  #forward(flow: Flow, first: number, count: number): void {
    const { datagrams, loop } = this.#worker;
    this.#flows.touch(flow, loop.now);
    if (this.#asker.stale || flow.held.length > 0) {
      for (let i = first; i < first + count; i++) this.#held.hold(flow, datagrams.bytes(i));
      this.#asker.ask();
      return;
    }
    if (flow.fd < 0 && !this.#targets.dial(flow)) {
      this.#counters.add(Slot.datagramsDropped, count);
      return;
    }
    let bytes = 0;
    for (let i = first; i < first + count; i++) bytes += datagrams.length(i);
    datagrams.address(NOTHING, NOTHING);
    const sent = this.#send(flow.fd, first, count, () => this.#refused(flow));
    flow.bytesIn += bytes;
    this.#counters.add(Slot.bytesIn, bytes);
    this.#counters.add(Slot.datagramsIn, sent);
  }

  /** @returns datagrams that left; the others are counted as dropped */
  #send(fd: number, first: number, count: number, onRefused: () => void): number {
    const sent = sendRun(this.#worker.datagrams, fd, first, count, onRefused);
    if (sent < count) this.#counters.add(Slot.datagramsDropped, count - sent);
    return sent;
  }

  // --- target → client -----------------------------------------------------------------------------------------

  answers(flow: Flow): void {
    const { datagrams, loop } = this.#worker;
    for (let turn = 0; turn < BATCHES && flow.fd >= 0; turn++) {
      const count = datagrams.receive(flow.fd);
      if (count <= 0) {
        if (-count === Errno.ECONNREFUSED) this.#refused(flow);
        return;
      }
      this.#flows.touch(flow, loop.now);
      let bytes = 0;
      for (let i = 0; i < count; i++) bytes += datagrams.length(i);
      datagrams.address(flow.client, flow.local);
      const sent = this.#head < 0 ? 0 : this.#send(this.#head, 0, count, () => {});
      flow.bytesOut += bytes;
      this.#counters.add(Slot.bytesOut, bytes);
      this.#counters.add(Slot.datagramsOut, sent);
      datagrams.rearm(count);
      if (count < datagrams.capacity) return;
    }
  }

  #refused(flow: Flow): void {
    this.#targets.refused(flow);
    this.#publishSoon();
  }

  // --- waiting for targets -------------------------------------------------------------------------------------

  #release(flow: Flow): void {
    if (flow.held.length === 0) return;
    if (flow.fd < 0 && !this.#targets.dial(flow)) {
      this.#held.drop(flow);
      return;
    }
    const { datagrams, loop } = this.#worker;
    this.#flows.touch(flow, loop.now);
    datagrams.address(NOTHING, NOTHING);
    for (const datagram of this.#held.take(flow)) {
      datagrams.fill(0, datagram);
      const sent = this.#send(flow.fd, 0, 1, () => {});
      flow.bytesIn += datagram.length;
      this.#counters.add(Slot.bytesIn, datagram.length);
      this.#counters.add(Slot.datagramsIn, sent);
    }
  }

  // --- housekeeping --------------------------------------------------------------------------------------------

  override onTimer(now: number): void {
    const idle = this.#options.flowIdleMs;
    for (let flow = this.#flows.oldest; flow !== undefined && idle > 0; flow = this.#flows.oldest) {
      if (flow.activeAt + idle > now) break;
      // It is not its client that keeps it waiting.
      if (flow.held.length > 0) this.#flows.touch(flow, now);
      else this.#end(flow, 'conn-idle');
    }
    this.#counters.publish(this.#targets.health());
    if (this.#flows.size > 0) this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.next === undefined) this.#worker.loop.timers.arm(this, this.#worker.loop.now + HOUSEKEEPING_MS);
  }

  #end(flow: Flow, reason: ConnectionRecord['reason']): void {
    const upstream = flow.target?.label ?? '';
    this.#targets.undial(flow);
    this.#flows.remove(flow);
    this.#held.drop(flow);
    this.#counters.add(Slot.open, -1);
    const { now } = this.#worker.loop;
    this.#records?.add(() => flow.record(reason, upstream, now), now);
  }
}
