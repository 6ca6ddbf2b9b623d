/**
 * From known targets to an established upstream: picks, tries, asks again, waits between rounds, and reports to the
 * pool how each member did.
 */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectionRecord, UpstreamTarget } from '../route.ts';
import { DialSchedule } from '../stream/dial-schedule.ts';
import { adopt, attempt } from './attempt.ts';
import { type CurrentTargets, type GivenSocket, now } from './targets.ts';

/** Out of descriptors or memory: nothing that a target is to blame for. */
const OWN_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

/** An established upstream; the caller owns `socket` and reports its end to the pool. */
export interface Upstream {
  readonly socket: Socket;
  readonly target: UpstreamTarget;
}

/** Why no upstream was reached. */
export class DialFailure extends Error {
  readonly reason: ConnectionRecord['reason'];

  constructor(reason: ConnectionRecord['reason'], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/**
 * Dials for one connection until a member answers or `connectTimeoutMs` is over.
 *
 * @param given taken over instead of the first attempt
 * @throws {DialFailure} 'dial-failed', 'no-target', 'local-error'
 * @throws the signal's reason
 */
export async function dial(
  tail: CurrentTargets,
  connectTimeoutMs: number,
  signal: AbortSignal,
  given?: GivenSocket,
): Promise<Upstream> {
  if (given !== undefined) {
    const { target, socket } = given;
    tail.pool.dialing(target.member);
    tail.pool.opened(target.member);
    return { socket: adopt(socket), target };
  }
  const schedule = new DialSchedule(connectTimeoutMs);
  let last: NodeJS.ErrnoException | undefined;
  for (;;) {
    if (tail.pool.empty) throw exhausted(last);
    schedule.begin(tail.pool.pick(), now());
    let step = schedule.next(now());
    for (; step === 'attempt'; step = schedule.next(now())) {
      const outcome = await tryTarget(tail, schedule, signal);
      if (!(outcome instanceof Error)) return outcome;
      last = outcome;
    }
    if (step === 'timeout') throw exhausted(last);
    tail.doubt();
    await pause(schedule.pauseMs(now()), undefined, { signal });
  }
}

async function tryTarget(tail: CurrentTargets, schedule: DialSchedule, signal: AbortSignal): Promise<Upstream | Error> {
  const { target, lastOfMember } = schedule;
  tail.pool.dialing(target.member);
  tail.pool.pending(target.member, 1);
  try {
    const socket = await attempt(target.address, schedule.attemptMs(now()), signal);
    tail.pool.opened(target.member);
    return { socket, target };
  } catch (error) {
    signal.throwIfAborted();
    const failure = error as NodeJS.ErrnoException;
    if (lastOfMember && !OWN_FAULTS.has(failure.code ?? '')) tail.pool.failed(target.member);
    return failure;
  } finally {
    tail.pool.pending(target.member, -1);
  }
}

function exhausted(last: NodeJS.ErrnoException | undefined): DialFailure {
  if (last === undefined) return new DialFailure('no-target', 'there is no target to dial');
  return new DialFailure(OWN_FAULTS.has(last.code ?? '') ? 'local-error' : 'dial-failed', last.message);
}
