/**
 * Accepts from one listening socket in one worker, as long as the route has room.
 *
 * The socket is watched by every worker with EPOLLEXCLUSIVE, and a worker that has much to do gives what it accepts to
 * one that has not (`../thread/neighbours.ts`). At the route's limit, or when descriptors run out, the worker stops
 * watching for a moment: clients wait in the backlog, and nothing spins. Owns its duplicate of the socket.
 */
import { paceIfFar } from '../../sys/congestion.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../sys/constants.ts';
import { Errno, errnoName } from '../../sys/errno.ts';
import { accept4, close } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { decodeIp, formatIp, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import type { Pollable } from '../thread/loop.ts';
import { Timer } from '../thread/timers.ts';
import type { ServedRoute } from './served-route.ts';
import { BACKLOG } from './tcp.ts';

/** Accepted per wake, so that another worker can take the next ones. */
const BATCH = 8;
const FULL_PAUSE_MS = 20;
/** Longer than the pause between two rounds of a dial, so that those who wait for a descriptor come first. */
const EXHAUSTED_PAUSE_MS = 250;
const LENGTH_AT = 112;
/** Bytes of the address of a client of a unix socket. */
const UNNAMED = 2;

const scratch = new NativeMemory(LENGTH_AT + 4);

/** See the module header. */
export class Acceptor extends Timer implements Pollable {
  readonly #route: ServedRoute;
  readonly #fd: number;
  #watching = false;
  #closed = false;

  /** @param fd a listening socket, owned from now on */
  constructor(route: ServedRoute, fd: number) {
    super();
    this.#route = route;
    this.#fd = fd;
    this.#watch();
  }

  onEvents(): void {
    // Given connections are older than what is accepted now.
    this.#route.worker.neighbours.take();
    for (let i = 0; i < BATCH; i++) if (!this.#accept()) return;
  }

  override onTimer(): void {
    if (this.#closed) return;
    this.#watch();
  }

  /** There is room again in this worker. */
  wake(): void {
    if (this.#watching || this.#closed || this.#route.worker.neighbours.restMs > 0) return;
    this.#watch();
  }

  /**
   * Descriptors ran out: nobody new for a moment, here or in another worker, or the newest would take those that become
   * free from who has waited for a dial.
   */
  rest(): void {
    this.#route.worker.neighbours.rest(EXHAUSTED_PAUSE_MS);
    if (!this.#closed) this.#pause(EXHAUSTED_PAUSE_MS);
  }

  /**
   * Serves whoever is in the backlog already, then closes: a client that connected in time is not turned away. There
   * are at most {@link BACKLOG} of them; who comes meanwhile may be.
   */
  close(): void {
    for (let i = 0; i < BACKLOG && this.#accept(); i++);
    this.#unwatch();
    this.#closed = true;
    close(this.#fd);
  }

  /** @returns false when there is nobody, or no room */
  #accept(): boolean {
    const route = this.#route;
    const { neighbours, headroom } = route.worker;
    const { restMs } = neighbours;
    if (restMs > 0) return this.#pause(restMs);
    if (headroom.stillUsedUp(this.#fd) || !route.admit()) return this.#pause(FULL_PAUSE_MS);
    scratch.view.setUint32(LENGTH_AT, SOCKADDR_MAX, true);
    const client = accept4(this.#fd, scratch.address, scratch.address + LENGTH_AT, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0) {
      if (scratch.view.getUint32(LENGTH_AT, true) > UNNAMED) paceIfFar(client);
      if (!neighbours.give(route.number, client)) {
        neighbours.count(1);
        route.accepted(client, route.recording ? clientAddress() : undefined);
      }
      if (!headroom.usedUp(client)) return true;
      route.worker.fault(`accept: ${headroom.lack}`);
      return this.#pause(FULL_PAUSE_MS);
    }
    route.unadmit();
    switch (-client) {
      case Errno.EAGAIN:
        return false;
      case Errno.ECONNABORTED:
      case Errno.EINTR:
        return true;
      default:
        route.worker.fault(`accept: ${errnoName(-client)}; pausing`);
        this.rest();
        return false;
    }
  }

  #pause(ms: number): false {
    const { loop } = this.#route.worker;
    this.#unwatch();
    loop.timers.arm(this, loop.now + ms);
    return false;
  }

  #watch(): void {
    this.#route.worker.loop.timers.disarm(this);
    if (this.#watching) return;
    this.#watching = true;
    this.#route.worker.loop.addShared(this.#fd, this);
  }

  #unwatch(): void {
    this.#route.worker.loop.timers.disarm(this);
    if (!this.#watching) return;
    this.#watching = false;
    this.#route.worker.loop.remove(this.#fd);
  }
}

/** Packs the address of the last accept into two numbers; text is made only if it is asked for. */
function clientAddress(): () => string {
  const { buffer } = scratch;
  const family = buffer.readUInt16LE(0);
  if (family === 2) {
    const ip = buffer.readUInt32BE(4);
    const port = buffer.readUInt16BE(2);
    return () => `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}:${port}`;
  }
  const endpoint = decodeIp(buffer);
  return () => (endpoint === undefined ? '' : formatIp(endpoint));
}
