/** Has the kernel the parts we use? */
import { release } from 'node:os';
import type { Check } from '../../spec/api.ts';
import { type Examine, fail, ok } from './check.ts';

/** openat2(2); epoll's EPOLLEXCLUSIVE and splice(2) are older. */
const NEEDED = [5, 6] as const;

export const kernel: Examine = () => [version(release())];

export function version(text: string): Check {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  const [needMajor, needMinor] = NEEDED;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) {
    return ok('kernel', `${text}: splice, EPOLLEXCLUSIVE, openat2`);
  }
  return fail('kernel', `${text} has no openat2`, `wormhole needs Linux ${NEEDED.join('.')} or newer`);
}
