/**
 * One accepted connection from its first event to its last: waits for targets, dials, relays, ends.
 *
 *     accepted ──► waiting ──► dialing ──► relaying ──► closed
 *                     └───────────┴──────────┴────────────▲
 *
 * Owns both sockets. Its timer serves keepalive, the idle limit and the half-open linger.
 */
import type { Seated } from '../../lib/crowd.ts';
import { EPOLLERR, EPOLLHUP, EPOLLOUT, EPOLLRDHUP } from '../../sys/constants.ts';
import { Errno, errnoName } from '../../sys/errno.ts';
import { close } from '../../sys/libc.ts';
import type { ConnectionRecord } from '../route.ts';
import type { DialTarget } from '../target/dialer.ts';
import type { Resumable } from '../thread/loop.ts';
import { Timer } from '../thread/timers.ts';
import { Dial, type DialOwner } from './dial.ts';
import type { PumpResult } from './relay.ts';
import type { ServedRoute } from './served-route.ts';
import { Side, WATCHED } from './side.ts';
import { endedUnheard, keepAlive, resetOnClose } from './tcp.ts';

/** Age at which a target's socket gets its keepalive options: short connections are spared the calls. */
const KEEPALIVE_AFTER_MS = 5000;

type Phase = 'waiting' | 'dialing' | 'relaying' | 'closed';

export class Connection extends Timer implements Resumable, DialOwner, Seated {
  readonly #route: ServedRoute;
  seat = -1;
  readonly client: Side;
  readonly target: Side;
  onwardFrom = '';
  readonly clientAddress: (() => string) | undefined;
  readonly #acceptedAt: number;
  #phase: Phase = 'waiting';
  #dial: Dial | undefined;
  #upstream: DialTarget | undefined;
  #dialMs = -1;
  #activeAt: number;
  #keptAlive = false;
  #queued = false;
  /** It had targets, and waits for others. */
  #sentBack = false;
  /** The answer it waited for, as long as its first byte is still to be told of; 0 = none. */
  #answer = 0;

  /** @param fd the accepted socket, owned from now on @param clientAddress absent for unix clients, and when nobody asks */
  constructor(route: ServedRoute, fd: number, clientAddress: (() => string) | undefined) {
    super();
    this.#route = route;
    this.clientAddress = clientAddress;
    this.#acceptedAt = performance.now();
    this.#activeAt = this.#acceptedAt;
    // TCP_NODELAY is inherited from the listener.
    this.client = new Side(this, fd, -1);
    this.client.writable = true;
    this.target = new Side(this, -1, 1);
    route.worker.loop.add(fd, WATCHED, this.client);
  }

  /** Waits for targets. @param answer that brings them, if somebody wants to know how long that took, or 0 */
  wait(answer: number): void {
    this.#answer = answer;
  }

  /** The targets are known. @param fd a socket that is connected to `target` already, owned from now on; -1 = none */
  dial(target?: DialTarget, fd = -1): void {
    this.#phase = 'dialing';
    this.#dial = new Dial(this.#route, this);
    if (target === undefined || fd < 0) this.#dial.startRound();
    else this.#dial.startWith(fd, target);
  }

  /** Ends it now; both ends see a reset. */
  abort(reason: ConnectionRecord['reason'], detail = ''): void {
    this.#end(reason, detail, true);
  }

  onEvents(side: Side, events: number): void {
    side.note(events);
    if (this.#phase === 'relaying') this.#move(side, events);
    else if (events & (EPOLLHUP | EPOLLERR) || this.#leaves(events)) this.#end('client-gone', '', true);
  }

  /** A client that has asked and then half-closed still waits for its answer; one that never said a word does not. */
  #leaves(events: number): boolean {
    return this.#phase === 'waiting' && (events & EPOLLRDHUP) !== 0 && endedUnheard(this.client.fd);
  }

  resume(): void {
    this.#queued = false;
    if (this.#phase !== 'relaying') return;
    this.#pump(this.client, this.target);
    if (this.#phase === 'relaying') this.#pump(this.target, this.client);
  }

  dialFailed(reason: 'dial-failed' | 'no-target', detail: string): void {
    this.#end(reason, detail, true);
  }

  /** Once: a target that comes and goes may not keep a client for ever. */
  targetsGone(): boolean {
    if (this.#sentBack || !this.#route.sendBack(this)) return false;
    this.#sentBack = true;
    this.#dial = undefined;
    this.#phase = 'waiting';
    return true;
  }

  dialed(fd: number, upstream: DialTarget, events: number): void {
    const { worker, options, pool, counters } = this.#route;
    this.#phase = 'relaying';
    this.#dial = undefined;
    this.#upstream = upstream;
    this.#dialMs = performance.now() - this.#acceptedAt;
    this.#activeAt = worker.loop.now;
    counters.dialTimes.add(this.#dialMs * 1000);
    pool.opened(upstream.member);
    this.#route.healthChanged();
    this.target.fd = fd;
    worker.loop.handOver(fd, this.target);
    this.target.note(events);
    if (upstream.address.kind === 'unix') {
      this.#keptAlive = true;
      this.target.writesToNoDelay = -1;
    } else worker.loop.timers.arm(this, worker.loop.now + KEEPALIVE_AFTER_MS);
    if (options.proxyProtocol !== undefined) this.client.held = this.#route.header(this.client.fd);
    if (options.connIdleMs > 0) this.#armIfSooner(worker.loop.now + options.connIdleMs);
    this.resume();
  }

  // --- relaying ------------------------------------------------------------------------------------------------

  #move(side: Side, events: number): void {
    const peer = side === this.client ? this.target : this.client;
    if (side.readable && !side.eof) this.#pump(side, peer);
    if (this.#phase === 'relaying' && events & EPOLLOUT && (peer.pending || peer.readable)) this.#pump(peer, side);
  }

  #pump(source: Side, sink: Side): void {
    if (sink.broken) return;
    const before = source.bytes;
    const result = this.#route.worker.relay.pump(source, sink);
    const moved = source.bytes - before;
    if (moved > 0) {
      this.#activeAt = this.#route.worker.loop.now;
      this.#route.counted(source === this.client, moved);
      if (this.#answer > 0 && source === this.target) {
        this.#route.served(this.#answer, this.#acceptedAt, this.#acceptedAt + this.#dialMs);
        this.#answer = 0;
      }
    }
    if (result !== 'blocked') this.#pumped(result, source, sink);
  }

  #pumped(result: PumpResult, source: Side, sink: Side): void {
    const { worker, options } = this.#route;
    switch (result) {
      case 'budget':
        if (!this.#queued) worker.loop.again(this);
        this.#queued = true;
        break;
      case 'ended':
        if (sink.eof && !sink.pending) this.#end('done', '', false);
        else if (options.halfOpenLingerMs > 0) this.#armIfSooner(worker.loop.now + options.halfOpenLingerMs);
        break;
      case 'source-failed':
        this.#end(source === this.client ? 'client-reset' : 'target-reset', errnoName(worker.relay.errno), true);
        break;
      case 'sink-failed':
        this.#sinkFailed(source, sink, worker.relay.errno);
        break;
      default:
        break;
    }
  }

  /**
   * The sink takes nothing more, but what it sent before it went (an early answer, then RST) may still be unread:
   * forward that first, and pass on the reset when reading says so.
   */
  #sinkFailed(source: Side, sink: Side, errno: number): void {
    const { worker, options } = this.#route;
    sink.broken = true;
    // EPIPE follows a FIN that was read or is still to be read: an orderly end.
    if (errno !== Errno.EPIPE) sink.failure = errno;
    worker.relay.discard(source);
    source.readable = false;
    sink.readable = true;
    sink.finSeen = true;
    if (!sink.eof && !source.broken) this.#pump(sink, source);
    if (this.#phase !== 'relaying') return;
    if ((sink.eof || source.broken) && !sink.pending) {
      this.#end(sink === this.client ? 'client-reset' : 'target-reset', errnoName(errno), sink.failure > 0);
    } else if (options.halfOpenLingerMs > 0) this.#armIfSooner(worker.loop.now + options.halfOpenLingerMs);
  }

  onTimer(now: number): void {
    const { options } = this.#route;
    if (!this.#keptAlive) {
      this.#keptAlive = true;
      keepAlive(this.target.fd);
    }
    const { client, target } = this;
    const halfOpen = client.shut || target.shut || client.broken || target.broken;
    const after = (ms: number): number => (ms > 0 ? this.#activeAt + ms : Number.POSITIVE_INFINITY);
    const idleAt = after(options.connIdleMs);
    const lingerAt = halfOpen ? after(options.halfOpenLingerMs) : Number.POSITIVE_INFINITY;
    if (now >= idleAt) this.#end('conn-idle', '', true);
    else if (now >= lingerAt) this.#end('half-open-linger', '', true);
    else if (Math.min(idleAt, lingerAt) < Number.POSITIVE_INFINITY) this.#armIfSooner(Math.min(idleAt, lingerAt));
  }

  #armIfSooner(deadline: number): void {
    if (this.next === undefined || deadline < this.deadline) this.#route.worker.loop.timers.arm(this, deadline);
  }

  #end(reason: ConnectionRecord['reason'], detail: string, reset: boolean): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    const { worker, pool } = this.#route;
    worker.loop.timers.disarm(this);
    this.#dial?.cancel();
    for (const side of [this.client, this.target]) {
      worker.relay.discard(side);
      if (side.fd < 0) continue;
      if (reset) resetOnClose(side.fd);
      worker.loop.forget(side.fd);
      close(side.fd);
      side.fd = -1;
    }
    if (this.#upstream !== undefined) pool.closed(this.#upstream.member);
    this.#route.ended(this, this.#upstream === undefined, reason, detail);
  }

  /** What there is to tell, now that it has ended. */
  record(reason: ConnectionRecord['reason'], detail: string): ConnectionRecord {
    return {
      client: this.clientAddress?.() ?? '',
      upstream: this.#upstream?.label ?? '',
      reason,
      detail,
      durationMs: performance.now() - this.#acceptedAt,
      dialMs: this.#dialMs,
      bytesIn: this.client.bytes,
      bytesOut: this.target.bytes,
    };
  }
}
