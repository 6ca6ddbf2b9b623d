/**
 * The process's limit of open files: a proxied connection costs two descriptors, so the soft limit decides how many
 * there can be. See getrlimit(2).
 */
import { RLIMIT_NOFILE } from './constants.ts';
import { check } from './errno.ts';
import { getrlimit, setrlimit } from './libc.ts';
import { NativeMemory } from './memory.ts';

/** Open-file limits; Infinity for RLIM_INFINITY. */
export interface NofileLimits {
  readonly soft: number;
  readonly hard: number;
}

const scratch = new NativeMemory(16);
const UNLIMITED = 0xffff_ffff_ffff_ffffn;

function limitAt(offset: number): number {
  const value = scratch.view.getBigUint64(offset, true);
  return value === UNLIMITED ? Number.POSITIVE_INFINITY : Number(value);
}

/** @throws {SyscallError} */
export function nofileLimits(): NofileLimits {
  check('getrlimit', getrlimit(RLIMIT_NOFILE, scratch.address));
  return { soft: limitAt(0), hard: limitAt(8) };
}

/** Raises the soft limit to the hard one, which needs no privilege. @returns the limits in force afterwards */
export function raiseNofile(): NofileLimits {
  const { soft, hard } = nofileLimits();
  if (soft < hard) {
    scratch.view.setBigUint64(0, scratch.view.getBigUint64(8, true), true);
    check('setrlimit', setrlimit(RLIMIT_NOFILE, scratch.address));
  }
  return nofileLimits();
}
