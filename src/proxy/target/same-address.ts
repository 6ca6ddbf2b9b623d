/**
 * Whether a member of a pool is still where it was: pure.
 */
import type { UpstreamAddress, UpstreamTarget } from '../route.ts';

/** In the order they are tried. */
export function sameAddresses(a: readonly UpstreamTarget[], b: readonly UpstreamTarget[]): boolean {
  return a.length === b.length && a.every((target, i) => sameTarget(target, b[i] as UpstreamTarget));
}

function sameTarget(a: UpstreamTarget, b: UpstreamTarget): boolean {
  return a.namespace === b.namespace && sameAddress(a.address, b.address);
}

function sameAddress(a: UpstreamAddress, b: UpstreamAddress): boolean {
  switch (a.kind) {
    case 'ip':
      return b.kind === 'ip' && a.host === b.host && a.port === b.port;
    case 'unix':
      return b.kind === 'unix' && a.path === b.path;
    case 'link':
      return b.kind === 'link' && a.link === b.link && a.guest === b.guest && a.hops === b.hops;
    default:
      return a satisfies never;
  }
}
