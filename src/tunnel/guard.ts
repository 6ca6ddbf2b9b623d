/**
 * Keeps the overlay addresses of one namespace inside their tunnels: owns the firewall table there, which comes with the first
 * tunnel and goes with the last.
 *
 * Nothing is remembered here but in the kernel. One change at a time, each of them all or nothing.
 */
import { WormholeError } from '../lib/errors.ts';
import { addressText } from '../sys/netlink/address-bytes.ts';
import { batchBegin, batchEnd, readElements, readRule } from '../sys/netlink/nftables.ts';
import type { Request } from '../sys/netlink/wire.ts';
import { orAbsent } from './failure.ts';
import {
  addKey,
  deleteKey,
  type GuardSet,
  guardSets,
  keysIn,
  keysOf,
  lookForTable,
  RULES,
  removeTable,
  rulesIn,
  tableRequests,
  type Way,
} from './guard-table.ts';
import type { NetworkStack } from './stack.ts';

const AF_INET = 2;

export class Guard {
  readonly #stack: NetworkStack;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stack: NetworkStack) {
    this.#stack = stack;
  }

  /**
   * From now on packets from and to these addresses come and go this way alone.
   *
   * @throws {NetlinkError}
   * @throws {WormholeError} WH_ERR_TUNNEL_CONFLICT when one of them is kept already
   */
  add(addresses: readonly string[], way: Way): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.#find();
      const keys = addresses.flatMap((address) => keysOf(address, way));
      const keep = found?.whole === true;
      const taken = addresses.find((address) =>
        keysOf(address, way).some(([set, key]) => keep && has(found.keys, set, key)),
      );
      if (taken !== undefined) {
        throw new WormholeError('WH_ERR_TUNNEL_CONFLICT', `another tunnel, or what is left of one, has ${taken}`);
      }
      const rebuild =
        found === undefined ? tableRequests() : [removeTable(), ...tableRequests(), ...restored(found.keys)];
      await this.#change([...(keep ? [] : rebuild), ...keys.map(([set, key]) => addKey(set, key))]);
    });
  }

  /** Takes away what there is of them, and the table when nothing else is in it. @throws {NetlinkError} */
  remove(addresses: readonly string[], way: Way): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.#find();
      if (found === undefined) return;
      const keys = addresses
        .flatMap((address) => keysOf(address, way))
        .filter(([set, key]) => has(found.keys, set, key));
      const count = [...found.keys.values()].reduce((sum, { length }) => sum + length, 0);
      if (keys.length === count) await this.#change([removeTable()]);
      else await this.#change(keys.map(([set, key]) => deleteKey(set, key)));
    });
  }

  /** Whether the table is whole and has them. @throws {NetlinkError} */
  async has(addresses: readonly string[], way: Way): Promise<boolean> {
    const found = await this.#find();
    const keys = addresses.flatMap((address) => keysOf(address, way));
    return found?.whole === true && keys.every(([set, key]) => has(found.keys, set, key));
  }

  /** The addresses that are kept, each with its ways. @throws {NetlinkError} */
  async list(): Promise<Array<{ address: string; way: Way }>> {
    const found = await this.#find();
    const ipsec = found?.keys.get('ipsec') ?? [];
    const ways = found?.keys.get('way') ?? [];
    return [
      ...ipsec.map((key) => ({ address: addressText(key, AF_INET), way: { by: 'ipsec' } as const })),
      ...ways.map((key) => ({
        address: addressText(key.subarray(0, 4), AF_INET),
        way: { by: 'interface', name: key.toString('latin1', 4).replace(/\0+$/, '') } as const,
      })),
    ];
  }

  /** What is in the table; undefined when there is none. It is not whole when somebody took a rule or set out of it. */
  async #find(): Promise<{ keys: Map<GuardSet, Buffer[]>; whole: boolean } | undefined> {
    const { netfilter } = this.#stack;
    if ((await orAbsent(netfilter.get(lookForTable()), 'ENOENT')) === undefined) return undefined;
    const keys = new Map<GuardSet, Buffer[]>();
    for (const set of guardSets) {
      const found = await orAbsent(netfilter.dump(keysIn(set), readElements), 'ENOENT');
      if (found !== undefined) keys.set(set, found.flat());
    }
    const rules = await netfilter.dump(rulesIn(), readRule);
    return { keys, whole: rules.length === RULES && keys.size === guardSets.length };
  }

  async #change(requests: readonly Request[]): Promise<void> {
    if (requests.length > 0) await this.#stack.netfilter.batch(batchBegin(), requests, batchEnd());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

const has = (keys: ReadonlyMap<GuardSet, readonly Buffer[]>, set: GuardSet, key: Buffer): boolean =>
  keys.get(set)?.some((other) => other.equals(key)) === true;

const restored = (keys: ReadonlyMap<GuardSet, readonly Buffer[]>): Request[] =>
  [...keys].flatMap(([set, all]) => all.map((key) => addKey(set, key)));
