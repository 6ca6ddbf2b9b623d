/**
 * Targets on their way to a worker: each message takes duplicates of the descriptors they need, which the receiver
 * owns from then on.
 */
import { WormholeError } from '../lib/errors.ts';
import { dupFd } from '../sys/dup.ts';
import { SyscallError } from '../sys/errno.ts';
import type { OwnedFd } from '../sys/fd.ts';
import type { WireTarget } from './messages.ts';
import type { UpstreamTarget } from './route.ts';

/** @throws {WormholeError} WH_ERR_LIMIT when there are no descriptors left; none is lost then */
export function toWire(targets: readonly UpstreamTarget[]): WireTarget[] {
  const copies: OwnedFd[] = [];
  const copy = (fd: number | undefined): number => {
    if (fd === undefined) return -1;
    const made = dupFd(fd);
    copies.push(made);
    return made.fd;
  };
  try {
    const wire = targets.map(
      ({ member, label, address, namespace }): WireTarget => ({
        member,
        label,
        namespaceFd: copy(namespace?.fd),
        address:
          address.kind === 'unix' ? { kind: 'unix', path: address.path, rootFd: copy(address.root?.fd) } : address,
      }),
    );
    for (const made of copies) made.release();
    return wire;
  } catch (error) {
    for (const made of copies) made[Symbol.dispose]();
    if (!(error instanceof SyscallError)) throw error;
    throw new WormholeError('WH_ERR_LIMIT', `no descriptors left for the targets: ${error.code}`, { cause: error });
  }
}
