/**
 * Which target each UDP flow of one route speaks to: dialing, moving on when it refuses or moves, passive health.
 *
 * Owns the descriptors of the targets' namespaces; the flows own their sockets, which are opened and closed here.
 */
import type { Balance } from '../../spec/plan.ts';
import { EPOLLIN } from '../../sys/constants.ts';
import { Errno, errnoName } from '../../sys/errno.ts';
import { close } from '../../sys/libc.ts';
import type { WireTarget } from '../messages.ts';
import type { MemberHealth } from '../route.ts';
import type { DialTarget } from '../target/dialer.ts';
import { Pool } from '../target/pool.ts';
import { TargetSet } from '../target/target-set.ts';
import type { RelayWorker } from '../thread/worker-state.ts';
import type { Flow } from './flow.ts';

/** See the module header. */
export class FlowTargets {
  readonly #worker: RelayWorker;
  readonly #pool: Pool<DialTarget>;
  readonly #set = new TargetSet();

  constructor(worker: RelayWorker, balance: Balance) {
    this.#worker = worker;
    this.#pool = new Pool({ balance, random: Math.random, now: () => worker.loop.now });
  }

  /**
   * Replaces the pool for new flows. A flow into a namespace that no target is in any more (its container was
   * re-created) would speak to nobody: its next datagram dials anew.
   */
  replace(wire: readonly WireTarget[], flows: Iterable<Flow>): void {
    const targets = this.#set.replace(wire);
    this.#pool.replace(targets);
    for (const flow of flows) {
      const { target } = flow;
      if (target?.namespace === undefined || targets.some(({ namespace }) => namespace === target.namespace)) continue;
      this.undial(flow);
    }
  }

  /** Gives `flow` a socket to the first member that can be had. @returns false when there is none */
  dial(flow: Flow): boolean {
    const { dialer, loop } = this.#worker;
    for (const target of this.#pool.pick()) {
      this.#pool.dialing(target.member);
      const fd = dialer.dialDatagram(target);
      if (fd >= 0) {
        flow.fd = fd;
        flow.target = target;
        this.#pool.opened(target.member);
        loop.add(fd, EPOLLIN, flow);
        return true;
      }
      this.#pool.failed(target.member);
      if (-fd === Errno.EMFILE || -fd === Errno.ENFILE) this.#worker.fault(`udp flow: ${errnoName(-fd)}`);
    }
    return false;
  }

  undial(flow: Flow): void {
    if (flow.fd < 0) return;
    this.#worker.loop.forget(flow.fd);
    close(flow.fd);
    flow.fd = -1;
    if (flow.target !== undefined) this.#pool.closed(flow.target.member);
    flow.target = undefined;
  }

  /** Nobody listens at the flow's target. If the pool has others now, its next datagram tries one of them. */
  refused(flow: Flow): void {
    const { target } = flow;
    if (target === undefined) return;
    this.#pool.failed(target.member);
    const others = this.#pool.pick().some((other) => !same(other, target));
    // Not now: a run of datagrams is being sent on that socket.
    if (others) this.#worker.loop.again({ resume: () => this.undial(flow) });
  }

  health(): readonly MemberHealth[] {
    return this.#pool.health();
  }

  close(): void {
    this.#set.close();
  }
}

function same(a: DialTarget, b: DialTarget): boolean {
  return a.namespace === b.namespace && a.sockaddr.equals(b.sockaddr);
}
