/**
 * The targets of a route in one worker, with the descriptors they need: namespaces and roots.
 *
 * A namespace that is announced again keeps its first handle, so that a target whose address did not change is the
 * same to the pool, and so is its health.
 */
import { closeSync } from 'node:fs';
import { NetNamespace } from '../../sys/netns.ts';
import type { WireTarget } from '../messages.ts';
import { type DialTarget, prepareTarget } from './dialer.ts';

/** See the module header. */
export class TargetSet {
  /** By inode. */
  #namespaces: ReadonlyMap<number, NetNamespace> = new Map();
  #roots: readonly number[] = [];

  /**
   * Takes the descriptors of `wire`, gives up those of the targets before.
   *
   * @throws {RangeError} for a bad address; then the targets before stay as they are, for they are still dialed
   */
  replace(wire: readonly WireTarget[]): DialTarget[] {
    const namespaces = new Map<number, NetNamespace>();
    const places = wire.map(({ namespaceFd }) => this.#place(namespaceFd, namespaces));
    const roots = wire.flatMap(({ address }) =>
      address.kind === 'unix' && address.rootFd >= 0 ? [address.rootFd] : [],
    );
    try {
      const targets = wire.map((target, i) => prepareTarget(target, places[i]));
      giveUp(this.#namespaces, this.#roots, namespaces);
      this.#namespaces = namespaces;
      this.#roots = roots;
      return targets;
    } catch (error) {
      giveUp(namespaces, roots, this.#namespaces);
      throw error;
    }
  }

  close(): void {
    this.replace([]);
  }

  /** @param fd owned from now on, -1 = none @param namespaces those of the new set so far */
  #place(fd: number, namespaces: Map<number, NetNamespace>): NetNamespace | undefined {
    if (fd < 0) return undefined;
    const fresh = NetNamespace.adopt(fd);
    const { inode } = fresh;
    const known = namespaces.get(inode) ?? this.#namespaces.get(inode);
    if (known !== undefined) fresh[Symbol.dispose]();
    namespaces.set(inode, known ?? fresh);
    return known ?? fresh;
  }
}

/** Closes what `kept` does not hold, too. */
function giveUp(
  namespaces: ReadonlyMap<number, NetNamespace>,
  roots: readonly number[],
  kept: ReadonlyMap<number, NetNamespace>,
): void {
  for (const [inode, namespace] of namespaces) if (kept.get(inode) !== namespace) namespace[Symbol.dispose]();
  for (const fd of roots) closeSync(fd);
}
