/**
 * Connections that lead to themselves.
 */
import { getpeername, getsockname } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { resetOnClose } from '../stream/tcp.ts';

/** An address with its length, once for each end. */
const SLOT = 128;
const LENGTH_AT = 112;
const scratch = new NativeMemory(2 * SLOT);

/**
 * Where nobody listens on a port of the ephemeral range, each attempt may be given that very port as its source, and
 * connects to itself (simultaneous open, RFC 9293 §3.5): that is a refusal. Prepared to be reset by its owner, because
 * its TIME-WAIT would keep the service from binding.
 *
 * @param fd a connected TCP socket, borrowed
 */
export function isItsOwnPeer(fd: number): boolean {
  for (const [slot, ask] of [getsockname, getpeername].entries()) {
    scratch.view.setUint32(slot * SLOT + LENGTH_AT, SOCKADDR_MAX, true);
    if (ask(fd, scratch.address + slot * SLOT, scratch.address + slot * SLOT + LENGTH_AT) < 0) return false;
  }
  const length = scratch.view.getUint32(LENGTH_AT, true);
  if (scratch.buffer.compare(scratch.buffer, SLOT, SLOT + length, 0, length) !== 0) return false;
  resetOnClose(fd);
  return true;
}
