/**
 * What the guard's table keeps, as it was found by one look: its sets, to be asked about by each of many tunnels. Pure.
 */
import { addressBytes, addressText } from '../sys/netlink/address-bytes.ts';
import type { Request } from '../sys/netlink/wire.ts';
import { addKeys, type GuardSet, guardSets, keysOf, type Way } from './guard-table.ts';
import type { Ends } from './half.ts';

const AF_INET = 2;
const ADDRESS_BYTES = 4;

export class Kept {
  /** Nobody took a rule or a set out of the table. */
  readonly whole: boolean;
  /** Keys as text, one character a byte. */
  readonly #sets: ReadonlyMap<GuardSet, ReadonlySet<string>>;

  /** @param sets those that there are @param rulesWhole all rules are there */
  constructor(sets: ReadonlyMap<GuardSet, readonly Buffer[]>, rulesWhole: boolean) {
    this.#sets = new Map([...sets].map(([set, keys]) => [set, new Set(keys.map(textOf))]));
    this.whole = rulesWhole && sets.size === guardSets.length;
  }

  /** How many keys there are, of all sets. */
  get size(): number {
    return [...this.#sets.values()].reduce((sum, { size }) => sum + size, 0);
  }

  has(set: GuardSet, key: Buffer): boolean {
    return this.#sets.get(set)?.has(textOf(key)) === true;
  }

  /** The address that something else than a part of this is kept for, or all of this. */
  takenOf(overlay: Ends, way: Way): string | undefined {
    const own = keysOf(overlay, way);
    if (own.every(([set, key]) => this.has(set, key))) return overlay.local;
    const others = this.#addressesBut(new Set(own.map(([set, key]) => `${set} ${textOf(key)}`)));
    return [overlay.local, overlay.remote].find((address) => others.has(textOf(addressBytes(address))));
  }

  /** The tunnels that are kept. */
  tunnels(): Array<Ends & { readonly way: Way }> {
    const ways = new Map([...this.#of('way')].map((key) => [key.slice(0, ADDRESS_BYTES), key.slice(ADDRESS_BYTES)]));
    return [...this.#of('tunnel')].map((key) => {
      const [local, remote] = endsOf(key);
      const name = ways.get(local)?.replace(/\0+$/, '');
      const way: Way = name === undefined ? { by: 'ipsec' } : { by: 'interface', name };
      return { local: addressOf(local), remote: addressOf(remote), way };
    });
  }

  /** Puts all of it into a table anew. */
  restored(): Request[] {
    return [...this.#sets].flatMap(([set, keys]) => addKeys(set, [...keys].map(bytesOf)));
  }

  #of(set: GuardSet): ReadonlySet<string> {
    return this.#sets.get(set) ?? new Set();
  }

  #addressesBut(own: ReadonlySet<string>): ReadonlySet<string> {
    const found = new Set<string>();
    for (const [set, keys] of this.#sets) {
      for (const key of keys) {
        if (own.has(`${set} ${key}`)) continue;
        const [first, second] = endsOf(key);
        found.add(first);
        if (set === 'tunnel') found.add(second);
      }
    }
    return found;
  }
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const endsOf = (key: string): readonly [string, string] => [key.slice(0, ADDRESS_BYTES), key.slice(ADDRESS_BYTES)];
const addressOf = (text: string): string => addressText(bytesOf(text), AF_INET);
