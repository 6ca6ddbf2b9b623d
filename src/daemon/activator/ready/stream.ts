/**
 * The probe `tcp` of streams: connects until somebody accepts, and keeps that connection.
 *
 * It is on the way of every cold start, so it finds a port within milliseconds of its opening. An attempt costs some 40 µs,
 * waking up for it twice as much; what has waited for long is asked less often. There is never more than one socket.
 */

import { pause } from '../../../lib/pause.ts';
import { type Destination, StreamAttempt } from '../../../proxy/target/stream-attempt.ts';
import { Errno, errnoName, SyscallError } from '../../../sys/errno.ts';
import type { OwnedFd } from '../../../sys/fd.ts';
import { formatIp } from '../../../sys/sockaddr.ts';
import type { Addresses } from './addresses.ts';
import type { ProbeTarget } from './target.ts';

/** Milliseconds between attempts: at first, and when nothing listened for long. */
const FIRST_MS = 5;
const LAST_MS = 50;
/** So long it stays at the first, then grows with the time that has passed. */
const EAGER_MS = 2000;
/** Milliseconds until an attempt without an answer is given up: a SYN that was dropped is only sent again after a second. */
const HANGING_MS = 1000;
/** Milliseconds between two looks at an attempt that is under way. */
const LOOK_MS = 2;

/** Milliseconds to wait after the attempts have gone on for so long: an added delay of a four-hundredth. */
export function paceAfter(elapsedMs: number): number {
  return Math.min(Math.max(FIRST_MS, (elapsedMs * FIRST_MS) / EAGER_MS), LAST_MS);
}

/** @returns the connection, owned by the caller; rejects only when `signal` aborts, or its namespace cannot be entered */
export async function untilConnected(
  target: ProbeTarget,
  addresses: Addresses,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<OwnedFd> {
  const began = performance.now();
  for (;;) {
    for (const destination of await destinationsOf(target, addresses, note, signal)) {
      const socket = await tryOnce(destination, note, signal);
      if (socket !== undefined) return socket;
    }
    await pause(paceAfter(performance.now() - began), signal);
  }
}

/** One attempt to its end. @returns the connection, owned by the caller; undefined when there is none */
export async function tryOnce(
  destination: Destination,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<OwnedFd | undefined> {
  try {
    using attempt = new StreamAttempt(destination);
    const began = performance.now();
    while (attempt.state === Errno.EINPROGRESS && performance.now() - began < HANGING_MS) {
      await pause(LOOK_MS, signal);
      attempt.look();
    }
    if (attempt.state === 0) return attempt.take();
    note(`${nameOf(destination)}: ${attempt.state === Errno.EINPROGRESS ? 'no answer' : errnoName(attempt.state)}`);
  } catch (error) {
    // No descriptor, no memory, no IPv6, no such interface: any of these may pass. A namespace that shuts us out will not.
    if (!(error instanceof SyscallError) || error.syscall === 'setns') throw error;
    note(`${nameOf(destination)}: ${error.message}`);
  }
  return undefined;
}

async function destinationsOf(
  target: ProbeTarget,
  addresses: Addresses,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<readonly Destination[]> {
  const { place, port, path = '' } = target;
  if (target.protocol === 'unix') {
    target.permit?.({ protocol: 'unix', host: '', port: 0, path });
    return [{ kind: 'unix', path, root: place.root?.fd }];
  }
  const { namespace } = place;
  return (await addresses.now(port, note, signal)).map((host) => ({ kind: 'ip', namespace, host, port }));
}

function nameOf(destination: Destination): string {
  return destination.kind === 'unix' ? destination.path : formatIp(destination);
}
