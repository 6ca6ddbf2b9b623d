/**
 * From known targets to an established upstream: picks, tries, asks again, waits between rounds, and reports to the
 * pool how each member did.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { ConnectionRecord, UpstreamTarget } from '../route.ts';
import { DialSchedule } from '../stream/dial-schedule.ts';
import { adopt, attempt, type Ways } from './attempt.ts';
import type { ConnectionDeps } from './connection.ts';
import { type CurrentTargets, type GivenSocket, now } from './targets.ts';

/** Out of descriptors or memory: nothing that a target is to blame for. */
const OWN_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

/** An established upstream; the caller owns `stream` and reports its end to the pool. */
export interface Upstream {
  readonly stream: Duplex;
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
 * @param from where the client came from
 * @param given taken over instead of the first attempt
 * @throws {DialFailure} 'dial-failed', 'no-target', 'local-error'
 * @throws the signal's reason
 */
export async function dial(
  { tail, options: { connectTimeoutMs }, ways }: ConnectionDeps,
  from: string,
  signal: AbortSignal,
  given?: GivenSocket,
): Promise<Upstream> {
  if (given !== undefined) {
    const { target, socket } = given;
    tail.pool.dialing(target.member);
    tail.pool.opened(target.member);
    return { stream: adopt(socket), target };
  }
  const schedule = new DialSchedule(connectTimeoutMs);
  let last: NodeJS.ErrnoException | undefined;
  for (;;) {
    if (tail.pool.empty) throw exhausted(last);
    schedule.begin(tail.pool.pick(), now());
    let step = schedule.next(now());
    for (; step === 'attempt'; step = schedule.next(now())) {
      const outcome = await tryTarget(tail, schedule, ways, from, signal);
      if (!(outcome instanceof Error)) return outcome;
      if (isFinal(outcome)) throw new DialFailure('dial-failed', outcome.message);
      last = outcome;
    }
    if (step === 'timeout') throw exhausted(last);
    tail.doubt();
    await pause(schedule.pauseMs(now()), undefined, { signal });
  }
}

async function tryTarget(
  tail: CurrentTargets,
  schedule: DialSchedule,
  ways: Ways,
  from: string,
  signal: AbortSignal,
): Promise<Upstream | Error> {
  const { target, lastOfMember } = schedule;
  tail.pool.dialing(target.member);
  tail.pool.pending(target.member, 1);
  try {
    const stream = await attempt(target, { ways, from, timeoutMs: schedule.attemptMs(now()), signal });
    tail.pool.opened(target.member);
    return { stream, target };
  } catch (error) {
    signal.throwIfAborted();
    const failure = error as NodeJS.ErrnoException;
    if (lastOfMember && !OWN_FAULTS.has(failure.code ?? '')) tail.pool.failed(target.member);
    return failure;
  } finally {
    tail.pool.pending(target.member, -1);
  }
}

/** A peer has said no, having tried for as long as it does: to ask it again would multiply that. */
function isFinal(error: Error): boolean {
  return WormholeError.is(error) && error.detail['peer'] === true && error.code !== 'WH_ERR_WORMHOLE_NOT_FOUND';
}

function exhausted(last: NodeJS.ErrnoException | undefined): DialFailure {
  if (last === undefined) return new DialFailure('no-target', 'there is no target to dial');
  return new DialFailure(OWN_FAULTS.has(last.code ?? '') ? 'local-error' : 'dial-failed', last.message);
}
