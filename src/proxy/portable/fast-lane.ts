/**
 * The short way of most connections through a peer (Linux): a descriptor here and a stream of a link there, one known target,
 * and nothing in between that has to be waited for or said. No stream and no promise of Node.js is made for them.
 *
 *     accept4 ─► open a stream, first bytes ─► yes ─► pumping        here, towards the peer
 *     stream of a peer ─► connect ─► pumping                         there, towards the target
 *
 * What the client says first goes behind the head of the stream, without waiting for the yes. It is remembered until then: after a no
 * nobody has begun anything with it.
 *
 * Whatever does not go the short way is given back, as it was, and goes the long one (`connection.ts`).
 */
import { OwnedFd } from '../../sys/fd.ts';
import type { UpstreamTarget } from '../route.ts';
import { Account } from './account.ts';
import type { Client, JoinEnd } from './client.ts';
import type { Begun, ConnectionDeps } from './connection.ts';
import { begunNothing, isFinal } from './dialing.ts';
import { Pumping } from './pumping.ts';
import type { Opening } from './ways.ts';

/** A connection that may be ended from outside. */
export interface Life {
  abort(): void;
}

/** Whom a lane tells. */
export interface LaneUser {
  /** Nothing is left of it. */
  readonly onOver: () => void;
  /** It has to go the long way. */
  readonly onLong: (begun: Begun, said?: Buffer) => void;
}

export class FastLane {
  readonly #deps: ConnectionDeps;
  /** Of the tail, when its target was found to be far away: to connect to it takes time. */
  #farGeneration = -1;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  /** The only target there is to try, if nothing stands in the way. */
  get #target(): UpstreamTarget | undefined {
    const { named, options, tail } = this.#deps;
    if (named !== undefined || options.proxyProtocol !== undefined || tail.ways.pump === undefined) return undefined;
    // To pick is to take turns, and of many the long way picks.
    if (tail.stale || tail.pool.size !== 1) return undefined;
    const [target, other] = tail.pool.pick();
    return other === undefined ? target : undefined;
  }

  /**
   * Leads a client that was accepted here to a peer.
   *
   * @param client owned from now on, unless undefined is returned
   */
  toPeer(client: OwnedFd, from: string, user: LaneUser): Life | undefined {
    const target = this.#target;
    const { tail, options } = this.#deps;
    const { pump, openLink } = tail.ways;
    if (target?.address.kind !== 'link' || pump === undefined || openLink === undefined) return undefined;
    const { pool } = tail;
    const { member, label, address } = target;
    const account = new Account(this.#deps, from);
    let answered = false;
    let opened: Opening | undefined;
    pool.dialing(member);
    pool.pending(member, 1);
    const settle = (): void => {
      answered = true;
      pool.pending(member, -1);
    };
    const pumping = new Pumping(pump.loop, client, {
      connIdleMs: options.connIdleMs,
      halfOpenLingerMs: options.halfOpenLingerMs,
      clientIsSocket: true,
      count: account.count,
      onOver: (end) => {
        if (answered) pool.closed(member);
        else {
          settle();
          account.failed();
          opened?.stream.reset();
        }
        account.over(end);
        user.onOver();
      },
    });
    const refused = (error: Error): void => {
      if (answered) return;
      if (!isFinal(error)) {
        // What was said may have been heard: to say it again could do something twice.
        const said = pumping.said;
        if (said === undefined || begunNothing(error)) {
          settle();
          pumping.release();
          return user.onLong({ account }, said);
        }
      }
      pool.failed(member);
      pumping.refused({ reason: 'dial-failed', detail: error.message });
    };
    try {
      opened = openLink(address, from, {
        onYes: (stream, early) => {
          if (answered) return;
          settle();
          pool.opened(member);
          account.reached(label);
          pumping.begin(stream, [], [early]);
        },
        onNo: refused,
      });
      if (opened.early) pumping.sayFirst(opened.stream);
    } catch (error) {
      refused(error as Error);
    }
    return pumping;
  }

  /** Leads a stream that a peer opened to a target here. @returns undefined when nothing was done for it */
  toTarget(client: Client, user: LaneUser): Life | undefined {
    const target = this.#target;
    const { tail, options } = this.#deps;
    const { pump, raw } = tail.ways;
    if (target === undefined || target.address.kind === 'link' || client.bytes === undefined) return undefined;
    if (pump === undefined || raw === undefined || this.#farGeneration === tail.generation) return undefined;
    const begun = raw.begin(target);
    if (begun === undefined) return undefined;
    const socket = new OwnedFd(begun.fd);
    const account = new Account(this.#deps, client.from);
    if (!begun.connected) {
      this.#farGeneration = tail.generation;
      user.onLong({ account, given: { target, socket } });
      return undefined;
    }
    const { member, label } = target;
    tail.pool.dialing(member);
    tail.pool.opened(member);
    const pumping = new Pumping(pump.loop, socket, {
      connIdleMs: options.connIdleMs,
      halfOpenLingerMs: options.halfOpenLingerMs,
      clientIsSocket: false,
      count: account.count,
      onOver: (end: JoinEnd) => {
        tail.pool.closed(member);
        client.over?.();
        account.over(end);
        user.onOver();
      },
    });
    account.reached(label);
    const { stream, early } = client.bytes(begun.local);
    pumping.begin(stream, [], [early]);
    return pumping;
  }
}
