/** Has the kernel the parts we use, and those that tunnels will use? */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Check } from '../../spec/api.ts';
import { type Examine, fail, ok, warn } from './check.ts';

/** openat2(2); epoll's EPOLLEXCLUSIVE and splice(2) are older. */
const NEEDED = [5, 6] as const;

export const kernel: Examine = () => [version(release()), xfrm(), wireguard(release())];

export function version(text: string): Check {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  const [needMajor, needMinor] = NEEDED;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) {
    return ok('kernel', `${text}: splice, EPOLLEXCLUSIVE, openat2`);
  }
  return fail('kernel', `${text} has no openat2`, `wormhole needs Linux ${NEEDED.join('.')} or newer`);
}

function xfrm(): Check {
  if (existsSync('/proc/net/xfrm_stat')) return ok('ipsec', 'the kernel has xfrm');
  return warn('ipsec', 'the kernel has no xfrm here', 'only IPsec tunnels need it: modprobe xfrm_user esp4');
}

function wireguard(kernelRelease: string): Check {
  if (existsSync('/sys/module/wireguard')) return ok('wireguard', 'loaded');
  const lists = ['modules.builtin', 'modules.dep'].map((name) => `/lib/modules/${kernelRelease}/${name}`);
  const known = lists.some((path) => existsSync(path) && readFileSync(path, 'utf8').includes('/wireguard.ko'));
  if (known) return ok('wireguard', 'the module is loaded when needed');
  return warn('wireguard', 'the kernel has no module wireguard', 'only WireGuard tunnels need it: install the module');
}
