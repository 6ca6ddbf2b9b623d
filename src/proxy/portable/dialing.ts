/**
 * From known targets to an established upstream: picks, tries, asks again, waits between rounds, and reports to the
 * pool how each member did.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { ConnectionRecord, UpstreamTarget } from '../route.ts';
import { DialSchedule } from '../stream/dial-schedule.ts';
import { attempt } from './attempt.ts';
import type { ConnectionDeps } from './connection.ts';
import { adopt, look } from './socket.ts';
import { type CurrentTargets, type GivenSocket, now } from './targets.ts';

/** Out of descriptors or memory: nothing that a target is to blame for. */
const OWN_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

export const isOwnFault = ({ code = '' }: NodeJS.ErrnoException): boolean => OWN_FAULTS.has(code);

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
  { tail, options: { connectTimeoutMs } }: ConnectionDeps,
  from: string,
  signal: AbortSignal,
  given?: GivenSocket,
): Promise<Upstream> {
  if (given !== undefined) {
    const upstream = await take(tail, given);
    if (upstream !== undefined) return upstream;
  }
  const schedule = new DialSchedule(connectTimeoutMs);
  let last: NodeJS.ErrnoException | undefined;
  for (;;) {
    if (tail.pool.empty) throw exhausted(last);
    // The rest of an order is not tried when others came meanwhile: its descriptors are gone.
    const { generation } = tail;
    schedule.begin(tail.pool.pick(), now());
    let step = schedule.next(now());
    let final = true;
    for (; step === 'attempt' && generation === tail.generation; step = schedule.next(now())) {
      const outcome = await tryTarget(tail, schedule, from, signal);
      if (!(outcome instanceof Error)) return outcome;
      // that time was short says less than what happened while there was some
      if (last === undefined || outcome.code !== 'ETIMEDOUT') last = outcome;
      final &&= isFinal(outcome);
    }
    if (step === 'timeout' || final) throw exhausted(last);
    if (step === 'attempt') continue;
    tail.doubt();
    await pause(schedule.pauseMs(now()), undefined, { signal });
  }
}

/** @returns undefined when it has died meanwhile */
async function take(tail: CurrentTargets, { target, socket }: GivenSocket): Promise<Upstream | undefined> {
  const stream = adopt(socket);
  tail.pool.dialing(target.member);
  const error = await new Promise<Error | undefined>((resolve) => look(stream, resolve));
  if (error === undefined) {
    tail.pool.opened(target.member);
    return { stream, target };
  }
  tail.pool.failed(target.member);
  return undefined;
}

async function tryTarget(
  tail: CurrentTargets,
  schedule: DialSchedule,
  from: string,
  signal: AbortSignal,
): Promise<Upstream | NodeJS.ErrnoException> {
  const { target, lastOfMember } = schedule;
  tail.pool.dialing(target.member);
  tail.pool.pending(target.member, 1);
  try {
    const stream = await attempt(target, { ways: tail.ways, from, timeoutMs: schedule.attemptMs(now()), signal });
    tail.pool.opened(target.member);
    return { stream, target };
  } catch (error) {
    signal.throwIfAborted();
    const failure = error as NodeJS.ErrnoException;
    if (lastOfMember && !isOwnFault(failure)) tail.pool.failed(target.member);
    return failure;
  } finally {
    tail.pool.pending(target.member, -1);
  }
}

/** A peer has said no, having tried for as long as it does: to ask it again would multiply that. */
export function isFinal(error: Error): boolean {
  return WormholeError.is(error) && error.detail['peer'] === true && error.code !== 'WH_ERR_WORMHOLE_NOT_FOUND';
}

/** After a dial that failed so, what was written on it already has reached nobody, and may be written again. */
export function begunNothing(error: Error): boolean {
  return WormholeError.is(error) && (error.detail['peer'] === true || error.detail['unopened'] === true);
}

function exhausted(last: NodeJS.ErrnoException | undefined): DialFailure {
  if (last === undefined) return new DialFailure('no-target', 'there is no target to dial');
  return new DialFailure(isOwnFault(last) ? 'local-error' : 'dial-failed', last.message);
}
