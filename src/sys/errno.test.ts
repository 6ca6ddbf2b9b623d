import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { check, Errno, errnoName, SyscallError } from './errno.ts';
import * as libc from './libc.ts';

describe('failed system calls', () => {
  test('an answer is passed through, a failure is thrown with its name', () => {
    expect(check('read', 0)).toBe(0);
    expect(check('read', 7)).toBe(7);
    const failure = catching(() => check('bind', -Errno.EADDRINUSE));
    expect(failure).toBeInstanceOf(SyscallError);
    expect(failure).toMatchObject({ syscall: 'bind', code: 'EADDRINUSE', errno: 98, message: 'bind: EADDRINUSE' });
  });

  test('libc calls answer with -errno, as the kernel does', () => {
    expect(libc.close(-1)).toBe(-constants.errno.EBADF);
    expect(libc.fcntl(0x7fff_fff0, 1, 0)).toBe(-constants.errno.EBADF);
    expect(libc.setns(-1, 0)).toBe(-constants.errno.EBADF);
    expect(libc.epollCtl(-1, 2, -1, 0)).toBe(-constants.errno.EBADF);
    expect(libc.openat2(-1, 0, 0, 0)).toBe(-constants.errno.EINVAL);
  });

  test('an unknown number still has a name', () => {
    expect(errnoName(4095)).toBe('E4095');
    expect(errnoName(Errno.ECONNREFUSED)).toBe('ECONNREFUSED');
  });

  test('every number that the data path compares with is known to the system by that name', () => {
    for (const [name, value] of Object.entries(Errno)) {
      expect(value, name).toBeGreaterThan(0);
      // EAGAIN and EWOULDBLOCK are the same number.
      if (name !== 'EAGAIN') expect(errnoName(value)).toBe(name);
    }
  });
});

function catching(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}
