/**
 * One UDP client of a portable route: its connected upstream socket, what waits for it, and its end.
 *
 *     opening ──connected──► open ──idle, evicted, closed──► ended
 *        └──── no target ─────────────────────────────────────►
 *
 * An ICMP error tells the pool that the target is not there; the flow itself lives on, so that it works when the
 * target appears. Only when the pool has other members it ends, and the next datagram picks anew.
 */
import { kept } from '../../lib/volatile.ts';
import type { FlowKey } from '../datagram/flow-key.ts';
import type { ConnectionRecord, RouteOptions, UpstreamTarget } from '../route.ts';
import type { SendReport } from './datagram-end.ts';
import { isOwnFault } from './dialing.ts';
import { type FlowUpstream, openUpstream } from './flow-upstream.ts';
import { type Quiet, watchQuiet } from './quiet.ts';
import { Passed, type Tally } from './tally.ts';
import { type CurrentTargets, now } from './targets.ts';

/** Datagrams of one client that wait while the upstream is made; further ones are dropped. */
const PENDING_MAX = 64;
/** Bytes that may wait, over all clients of a route. */
const PENDING_BYTES_MAX = 1 << 20;

/** Where a flow's datagrams come from. */
export interface FlowClient {
  /** Unlike that of any other client of the route. */
  readonly key: FlowKey;
  /** For people: its address. */
  readonly from: string;
  /** Sends an answer; the data may be volatile. @param report the same each time */
  send(data: Buffer, report: SendReport): void;
  /** Told when the flow has ended; all answers are reported when it returns. */
  close?(): void;
}

export interface FlowDeps {
  readonly options: RouteOptions;
  readonly tail: CurrentTargets;
  readonly tally: Tally;
  /** An answer is on its way to the client. */
  readonly onAnswer: (flow: Flow) => void;
  /** Called once, when the flow has ended. */
  readonly onEnd: (flow: Flow) => void;
}

/** See the module header. */
export class Flow {
  readonly client: FlowClient;
  readonly #deps: FlowDeps;
  /** Absent while it waits: that is not the client's silence. */
  #quiet: Quiet | undefined;
  readonly #began = now();
  #pending: Buffer[] | undefined = [];
  #upstream: FlowUpstream | undefined;
  readonly #ending = new AbortController();
  #target: UpstreamTarget | undefined;
  #dialMs = -1;
  readonly #in: Passed;
  readonly #out: Passed;

  constructor(client: FlowClient, deps: FlowDeps) {
    this.client = client;
    this.#deps = deps;
    this.#in = new Passed(deps.tally, 'In');
    this.#out = new Passed(deps.tally, 'Out');
    deps.tally.add('open', 1);
    deps.tally.add('total', 1);
    void this.#open();
  }

  /** Passes a datagram of the client on; it may be volatile. */
  forward(data: Buffer): void {
    this.#quiet?.touch();
    if (this.#pending === undefined) this.#send(data);
    else this.#hold(this.#pending, data);
  }

  #hold(pending: Buffer[], data: Buffer): void {
    const { tally } = this.#deps;
    if (pending.length >= PENDING_MAX || tally.heldBytes + data.length > PENDING_BYTES_MAX) {
      tally.add('datagramsDropped', 1);
      return;
    }
    tally.heldBytes += data.length;
    pending.push(kept(data));
  }

  #takePending(): readonly Buffer[] {
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    for (const { length } of pending) this.#deps.tally.heldBytes -= length;
    return pending;
  }

  /** Ends the flow and reports it; again is a no-op. */
  end(reason: ConnectionRecord['reason'], detail: string): void {
    if (this.ended) return;
    this.#ending.abort();
    const { tally, tail, options, onEnd } = this.#deps;
    this.#quiet?.stop();
    tally.add('open', -1);
    tally.add('datagramsDropped', this.#takePending().length);
    if (this.#upstream === undefined) tally.add('failed', 1);
    else if (this.#target !== undefined) tail.pool.closed(this.#target.member);
    this.#upstream?.close();
    this.client.close?.();
    onEnd(this);
    options.onClosed?.({
      client: this.client.from,
      upstream: this.#target?.label ?? '',
      reason,
      detail,
      durationMs: now() - this.#began,
      dialMs: this.#dialMs,
      bytesIn: this.#in.bytes,
      bytesOut: this.#out.bytes,
    });
  }

  get ended(): boolean {
    return this.#ending.signal.aborted;
  }

  async #open(): Promise<void> {
    const { tail, tally } = this.#deps;
    let target: UpstreamTarget | undefined;
    try {
      if (tail.stale) await this.#targets();
      if (this.ended) return;
      [target] = tail.pool.pick();
      if (target === undefined || target.address.kind === 'unix') {
        this.end('no-target', 'there is no target to send to');
        return;
      }
      tail.pool.dialing(target.member);
      const upstream = await this.#reach(target);
      if (this.ended) {
        upstream.close();
        return;
      }
      tail.pool.opened(target.member);
      this.#target = target;
      this.#upstream = upstream;
      this.#dialMs = now() - this.#began;
      tally.dialTimes.add(this.#dialMs * 1000);
      this.#watch();
      for (const data of this.#takePending()) this.#send(data);
    } catch (error) {
      // Not of one that has ended meanwhile: that is no failure of the target's.
      if (target !== undefined && !this.ended && !isOwnFault(error as Error)) tail.pool.failed(target.member);
      this.end('dial-failed', (error as Error).message);
    }
  }

  #reach(target: UpstreamTarget): Promise<FlowUpstream> {
    const { options, tail } = this.#deps;
    const wanted = { from: this.client.from, options, ways: tail.ways, signal: this.#ending.signal };
    return openUpstream(target, wanted, {
      onDatagram: (data) => this.#answer(data),
      report: this.#in,
      onRefused: (error) => this.#refused(target, error),
      onClose: () => this.end('done', ''),
    });
  }

  async #targets(): Promise<void> {
    const { tail, tally } = this.#deps;
    tally.add('waiting', 1);
    try {
      const given = await tail.wait();
      // nobody can take it: a probe's socket has no client of its own
      given?.socket[Symbol.dispose]();
    } finally {
      tally.add('waiting', -1);
    }
  }

  #watch(): void {
    const limits = { connIdleMs: this.#deps.options.flowIdleMs, halfOpenLingerMs: 0 };
    this.#quiet = watchQuiet(limits, () => this.end('conn-idle', ''));
  }

  #send(data: Buffer): void {
    if (!this.ended) this.#upstream?.send(data);
  }

  #answer(data: Buffer): void {
    const { onAnswer, tail } = this.#deps;
    if (this.ended) return;
    this.#quiet?.touch();
    if (this.#target !== undefined) tail.pool.answered(this.#target.member);
    onAnswer(this);
    this.client.send(data, this.#out);
  }

  #refused(target: UpstreamTarget, error: Error): void {
    const { tail } = this.#deps;
    tail.pool.failed(target.member);
    if (tail.pool.size > 1) this.end('dial-failed', error.message);
  }
}
