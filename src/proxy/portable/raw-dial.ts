/**
 * Dialing where node:net cannot: in another network namespace, or a unix socket inside another root. Linux, and root.
 *
 * The socket is made inside and connected without waiting. On one machine that is over at once; of a connection that takes
 * its time connect(2) is asked again, first soon, then less often.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Errno, SyscallError } from '../../sys/errno.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { UpstreamTarget } from '../route.ts';
import { type Destination, StreamAttempt } from '../target/stream-attempt.ts';
import { timedOut } from './attempt.ts';
import { now } from './targets.ts';

/** Milliseconds between two looks: first and last. */
const LOOK_MS = [1, 16] as const;

/** @returns a connected, non-blocking socket @throws {SyscallError}, ETIMEDOUT, or the reason of `signal` */
export async function rawDial(target: UpstreamTarget, timeoutMs: number, signal: AbortSignal): Promise<OwnedFd> {
  signal.throwIfAborted();
  using attempt = new StreamAttempt(destinationOf(target));
  const until = now() + timeoutMs;
  for (let wait: number = LOOK_MS[0]; attempt.state === Errno.EINPROGRESS; wait = Math.min(wait * 2, LOOK_MS[1])) {
    if (now() >= until) throw timedOut(timeoutMs);
    await pause(wait, undefined, { signal });
    attempt.look();
  }
  if (attempt.state !== 0) throw new SyscallError('connect', attempt.state);
  return attempt.take();
}

function destinationOf({ address, namespace }: UpstreamTarget): Destination {
  if (address.kind === 'ip') return { kind: 'ip', host: address.host, port: address.port, namespace };
  if (address.kind === 'unix') return { kind: 'unix', path: address.path, root: address.root?.fd };
  throw new TypeError('a link is no socket');
}
