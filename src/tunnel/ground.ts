/**
 * Where a half is installed: the host's network stack, and when the tunnel ends in a container that one's, each with its guard.
 *
 * Owns the stack of the container, borrows the host's.
 */
import type { NetNamespace } from '../sys/netns.ts';
import { Guard } from './guard.ts';
import { NetworkStack } from './stack.ts';

export interface GuardedStack {
  readonly stack: NetworkStack;
  readonly guard: Guard;
}

export interface Ground extends Disposable {
  readonly host: GuardedStack;
  /** Where addresses and interface live: the container's, or the host's. */
  readonly inner: GuardedStack;
  /** Absent = the tunnel ends in the host. */
  readonly attached: NetNamespace | undefined;
  /** False for a kernel without a firewall, where that was allowed. */
  readonly guarded: boolean;
}

export function groundOf(host: GuardedStack, attached: NetNamespace | undefined, guarded: boolean): Ground {
  if (attached === undefined) return { host, inner: host, attached, guarded, [Symbol.dispose]: () => undefined };
  const stack = new NetworkStack(attached);
  const inner = { stack, guard: new Guard(stack) };
  return { host, inner, attached, guarded, [Symbol.dispose]: () => stack[Symbol.dispose]() };
}
