/**
 * Keeps the overlay addresses of one namespace inside their tunnels: owns the firewall table there, which comes with the first
 * tunnel and goes with the last.
 *
 * Nothing is remembered here but in the kernel. One change at a time, each of them all or nothing.
 */
import { WormholeError } from '../lib/errors.ts';
import { batchBegin, batchEnd, readElements, readRule } from '../sys/netlink/nftables.ts';
import type { Request } from '../sys/netlink/wire.ts';
import { orAbsent } from './failure.ts';
import {
  addKeys,
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
import type { Ends } from './half.ts';
import { Kept } from './kept.ts';
import { Recent } from './recent.ts';
import type { NetworkStack } from './stack.ts';

export class Guard {
  readonly #stack: NetworkStack;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #found: Recent<Kept | undefined>;

  constructor(stack: NetworkStack) {
    this.#stack = stack;
    this.#found = new Recent(
      async () => await this.#look(),
      () => stack.netfilterChanges,
    );
  }

  /**
   * From now on packets from and to these two addresses come and go this way alone. What somebody took of it is added again.
   *
   * @throws {NetlinkError}
   * @throws {WormholeError} WH_ERR_TUNNEL_CONFLICT when one of them is kept already
   */
  add(overlay: Ends, way: Way): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.#look();
      if (found?.whole === true) {
        const taken = found.takenOf(overlay, way);
        if (taken !== undefined) {
          throw new WormholeError('WH_ERR_TUNNEL_CONFLICT', `another tunnel, or what is left of one, has ${taken}`);
        }
      }
      const before = found === undefined ? [] : [removeTable()];
      const rebuilt = found?.whole === true ? [] : [...before, ...tableRequests(), ...(found?.restored() ?? [])];
      await this.#change([...rebuilt, ...keysOf(overlay, way).flatMap(([set, key]) => addKeys(set, [key]))]);
    });
  }

  /** Takes away what there is of them, and the table when nothing else is in it. @throws {NetlinkError} */
  remove(overlay: Ends, way: Way): Promise<void> {
    return this.#inTurn(async () => {
      const found = await this.#look();
      if (found === undefined) return;
      const keys = keysOf(overlay, way).filter(([set, key]) => found.has(set, key));
      if (keys.length === found.size) await this.#change([removeTable()]);
      else await this.#change(keys.map(([set, key]) => deleteKey(set, key)));
    });
  }

  /** Whether the table is whole and has them. @throws {NetlinkError} */
  async has(overlay: Ends, way: Way): Promise<boolean> {
    const found = await this.#found.get();
    return found?.whole === true && keysOf(overlay, way).every(([set, key]) => found.has(set, key));
  }

  /** The tunnels that are kept. @throws {NetlinkError} */
  async list(): Promise<Array<Ends & { readonly way: Way }>> {
    return (await this.#found.get())?.tunnels() ?? [];
  }

  /** Undefined when there is no table. */
  async #look(): Promise<Kept | undefined> {
    const { netfilter } = this.#stack;
    if ((await orAbsent(netfilter.get(lookForTable()), 'ENOENT')) === undefined) return undefined;
    const keys = new Map<GuardSet, Buffer[]>();
    for (const set of guardSets) {
      const found = await orAbsent(netfilter.dump(keysIn(set), readElements), 'ENOENT');
      if (found !== undefined) keys.set(set, found.flat());
    }
    const rules = await netfilter.dump(rulesIn(), readRule);
    return new Kept(keys, rules.length === RULES);
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
