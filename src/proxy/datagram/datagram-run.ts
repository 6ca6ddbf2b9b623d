/**
 * Sends a run of datagrams that all go the same way, and makes the best of what the kernel refuses. See udp(7).
 */
import { Errno } from '../../sys/errno.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';

/**
 * @param onRefused told that the target's host said "port unreachable" about an earlier datagram; these are sent all
 *   the same, for the service may be back
 * @returns how many left
 */
export function sendRun(batch: DatagramBatch, fd: number, first: number, count: number, onRefused: () => void): number {
  let done = 0;
  let lost = 0;
  let refusals = 0;
  while (done < count) {
    const result = batch.send(fd, first + done, count - done);
    if (result > 0) done += result;
    else if (-result === Errno.ECONNREFUSED && refusals++ < count) {
      // The pending ICMP error is taken off the socket by this call; nothing was tried.
      if (refusals === 1) onRefused();
    } else if (-result === Errno.EINTR) continue;
    else if (-result === Errno.EAGAIN || -result === Errno.ENOBUFS) return done - lost;
    else {
      // Too large for this path, or not allowed by its firewall: this one is lost, the next may pass.
      lost++;
      done++;
    }
  }
  return done - lost;
}
