/** Room for what a netlink socket sends: the kernel takes a message, or a transaction, in one piece or not at all. */
import { SO_SNDBUF, SO_SNDBUFFORCE, SOL_SOCKET } from '../constants.ts';
import { Errno } from '../errno.ts';
import { getOption, setOption } from '../sockets.ts';
import { NetlinkError } from './netlink-error.ts';

/** Every socket has it. */
const LEAST_BYTES = 4 * 1024;
/** Of the buffer the kernel keeps a little for itself. */
const OWN_BYTES = 32;
/** Of one transaction, which cannot be cut: a hundred thousand tunnels need some half of it. */
const MOST_BYTES = 32 * 1024 * 1024;

/** @param what for errors @throws {NetlinkError} EMSGSIZE */
export function makeRoom(fd: number, bytes: number, what: string): void {
  if (bytes <= LEAST_BYTES || bytes + OWN_BYTES <= getOption(fd, SOL_SOCKET, SO_SNDBUF)) return;
  if (bytes > MOST_BYTES) throw new NetlinkError(what, Errno.EMSGSIZE);
  try {
    setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes);
  } catch {
    // Somebody who is no root of the whole machine: as much as everybody may have, and send(2) tells whether that does.
    setOption(fd, SOL_SOCKET, SO_SNDBUF, bytes);
  }
}
