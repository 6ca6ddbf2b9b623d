/**
 * The targets of a route in one worker, with the descriptors they need: namespaces and roots.
 *
 * A namespace that is announced again keeps its first handle, so that a target whose address did not change is the
 * same to the pool, and so is its health.
 */
import { closeSync } from 'node:fs';
import { NetNamespace } from '../sys/netns.ts';
import { type DialTarget, prepareTarget } from './dialer.ts';
import type { WireTarget } from './messages.ts';

/** See the module header. */
export class TargetSet {
  #namespaces = new Map<number, NetNamespace>();
  #roots: number[] = [];

  /** Takes the descriptors of `wire`, gives up those of the targets before. @throws {RangeError} for a bad address */
  replace(wire: readonly WireTarget[]): DialTarget[] {
    const before = { namespaces: this.#namespaces, roots: this.#roots };
    this.#namespaces = new Map();
    this.#roots = wire.flatMap(({ address }) =>
      address.kind === 'unix' && address.rootFd >= 0 ? [address.rootFd] : [],
    );
    const targets = wire.map((target) => ({
      target,
      namespace: this.#namespace(target.namespaceFd, before.namespaces),
    }));
    for (const namespace of before.namespaces.values()) namespace[Symbol.dispose]();
    for (const fd of before.roots) closeSync(fd);
    return targets.map(({ target, namespace }) => prepareTarget(target, namespace));
  }

  close(): void {
    this.replace([]);
  }

  #namespace(fd: number, before: Map<number, NetNamespace>): NetNamespace | undefined {
    if (fd < 0) return undefined;
    const fresh = NetNamespace.adopt(fd);
    const { inode } = fresh;
    const known = this.#namespaces.get(inode) ?? before.get(inode);
    if (known === undefined) {
      this.#namespaces.set(inode, fresh);
      return fresh;
    }
    fresh[Symbol.dispose]();
    before.delete(inode);
    this.#namespaces.set(inode, known);
    return known;
  }
}
