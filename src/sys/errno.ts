/**
 * Failed system calls as errors, shaped like Node's own `SystemError`.
 *
 * Cold calls throw {@link SyscallError}; calls on the data path return `-errno` as the kernel itself does, and
 * never throw (EAGAIN is an everyday answer there). Translation into a WormholeError happens once, where the
 * wormhole or target is known.
 */
import { constants } from 'node:os';

const { errno } = constants;
const names = new Map(Object.entries(errno).map(([name, value]) => [value, name]));

/** errno values that the data path compares with, errno(3). */
export const Errno = {
  EPERM: errno.EPERM,
  ENOENT: errno.ENOENT,
  ENODEV: errno.ENODEV,
  EINTR: errno.EINTR,
  EAGAIN: errno.EAGAIN,
  EEXIST: errno.EEXIST,
  ENOMEM: errno.ENOMEM,
  EINVAL: errno.EINVAL,
  ENOSPC: errno.ENOSPC,
  ENFILE: errno.ENFILE,
  EMFILE: errno.EMFILE,
  EPIPE: errno.EPIPE,
  EMSGSIZE: errno.EMSGSIZE,
  EADDRINUSE: errno.EADDRINUSE,
  EADDRNOTAVAIL: errno.EADDRNOTAVAIL,
  ENOBUFS: errno.ENOBUFS,
  ENOTCONN: errno.ENOTCONN,
  ECONNABORTED: errno.ECONNABORTED,
  ECONNRESET: errno.ECONNRESET,
  ECONNREFUSED: errno.ECONNREFUSED,
  ETIMEDOUT: errno.ETIMEDOUT,
  EALREADY: errno.EALREADY,
  EINPROGRESS: errno.EINPROGRESS,
  ENODATA: errno.ENODATA,
  EPROTO: errno.EPROTO,
} as const;

/** Symbolic name of a positive errno, e.g. `ECONNREFUSED` for 111. */
export function errnoName(value: number): string {
  return names.get(value) ?? `E${value}`;
}

/** A failed system call. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly syscall: string;
  /** Positive errno, e.g. 1 for EPERM. */
  readonly errno: number;
  /** Symbolic name, e.g. `'EPERM'`. */
  readonly code: string;

  constructor(syscall: string, value: number) {
    super(`${syscall}: ${errnoName(value)}`);
    this.syscall = syscall;
    this.errno = value;
    this.code = errnoName(value);
  }
}

/** Throws when a call that answers `-errno` failed; returns the answer otherwise. */
export function check(syscall: string, result: number): number {
  if (result < 0) throw new SyscallError(syscall, -result);
  return result;
}
