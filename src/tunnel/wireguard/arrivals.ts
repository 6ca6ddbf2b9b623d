/**
 * Counts what comes to the UDP ports of WireGuard interfaces, since the kernel's WireGuard does not count what it drops: a packet that
 * came before, or under a key that it does not know, goes without a trace. Every packet that it takes (handshake, keepalive, data) it
 * counts as received by the interface; so what came to the port and was not received was dropped.
 *
 *   table inet wormhole
 *     chain arrivals   input, behind all others: what a firewall of this host drops never came to a tunnel
 *       UDP to the port, and no cookie → counter     one rule for each interface; its comment says which
 *
 * Among those are packets that a busy WireGuard had no room for. What comes merged into one packet (virtual links do that for programs
 * that send so, cards that were told to) counts as one, and then fewer drops are told, never more.
 *
 * A cookie reply, message type 3, is left out: WireGuard takes it and does not count it. Packets are counted in the namespace that has
 * the sockets, the host's, wherever an interface is. The table drops nothing, comes with the first interface and goes with the last.
 * It is a service to those who look: a kernel that cannot have it has its tunnels all the same, and less is told of them.
 */
import { setTimeout as after } from 'node:timers/promises';
import {
  addChain,
  addRule,
  addTable,
  allRules,
  batchBegin,
  batchEnd,
  type Chain,
  deleteRule,
  deleteTable,
  Family,
  Hook,
  type Rule,
  readRule,
} from '../../sys/netlink/nftables.ts';
import { counter, destinationPort, differs, equals, firstOfUdp, protocol } from '../../sys/netlink/nftables-rule.ts';
import { be16, type Request } from '../../sys/netlink/wire.ts';
import { orAbsent, unless } from '../failure.ts';
import { TABLE } from '../guard-table.ts';
import { Recent } from '../recent.ts';
import { RecentNames } from '../recent-names.ts';
import type { NetworkStack } from '../stack.ts';

const LAST = 300;
const chain: Chain = { table: TABLE, family: Family.inet, name: 'arrivals', hook: Hook.input, priority: LAST };
const IPPROTO_UDP = 17;
/** Little-endian, as WireGuard has it. */
const COOKIE_REPLY = Buffer.of(3, 0, 0, 0);

/** Milliseconds after which those that seem to be dropped are looked at again: packets wait for a processor to open them. */
const SETTLE_MS = [2, 8, 30, 60] as const;
/** A kernel without such a part has nothing of it. */
const LACKS = ['EPROTONOSUPPORT', 'EOPNOTSUPP', 'ENOTSUP', 'EAFNOSUPPORT', 'EINVAL'] as const;

/** An interface, and its port in the host. */
export interface Port {
  readonly name: string;
  readonly listenPort: number;
}

/** How many packets an interface has received; undefined when it is gone. */
export type Received = () => Promise<number | undefined>;

export class Arrivals {
  readonly #stack: NetworkStack;
  #turn: Promise<unknown> = Promise.resolve();
  /** This kernel cannot have such a table, or not now. */
  #lacking = false;
  /** By interface, how many drops were told. */
  readonly #told = new Map<string, number>();
  /** By interface, who asks about it. */
  readonly #asked = new Map<string, readonly [Port, Received]>();
  readonly #found: Recent<Rule[]>;
  readonly #looks: RecentNames<number | undefined>;

  /** @param stack of the namespace that has the sockets; borrowed */
  constructor(stack: NetworkStack) {
    this.#stack = stack;
    const generation = (): number => stack.netfilterChanges;
    this.#found = new Recent(() => this.#rules(), generation);
    this.#looks = new RecentNames((name) => this.#look(name), generation);
  }

  /**
   * Begins to count; once more is a no-op. Never fails.
   *
   * @param settled packets that came to the port of an interface that lives already: those that it received or dropped
   */
  add(port: Port, settled: () => Promise<number>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#lacking) return;
      try {
        const found = await this.#rules();
        if (found.some(({ comment }) => comment === commentOf(port))) return;
        await this.#change([
          addTable(chain.table, chain.family),
          addChain(chain),
          addRule(chain, counting(port, await settled()), commentOf(port)),
        ]);
      } catch {
        this.#lacking = true;
      }
    });
  }

  /** Whether it is counted, or cannot be. */
  async has(port: Port): Promise<boolean> {
    if (this.#lacking) return true;
    const found = await this.#found.get().catch(() => undefined);
    return found === undefined || found.some(({ comment }) => comment === commentOf(port));
  }

  /** The ports that are counted at. @throws {NetlinkError} */
  async list(): Promise<Port[]> {
    return (await this.#found.get()).flatMap(({ comment }) => portOf(comment) ?? []);
  }

  /** Counts at this interface's port no longer; one that was not counted at is no failure. @throws {NetlinkError} */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#told.delete(name);
      this.#asked.delete(name);
      const found = await orAbsent(this.#rules(), ...LACKS);
      if (found === undefined) return;
      const its = found.filter(({ comment }) => portOf(comment)?.name === name);
      const requests =
        its.length < found.length
          ? its.map((rule) => deleteRule(chain, rule))
          : [deleteTable(chain.table, chain.family)];
      // Somebody else may have taken it, or it never was.
      if (requests.length > 0 && !(this.#lacking && its.length === 0))
        await unless(this.#change(requests), 'ENOENT', ...LACKS);
    });
  }

  /** Packets that came to the port and were dropped, as far as it is certain; undefined when nobody counts. Grows only. */
  dropped(port: Port, received: Received): Promise<number | undefined> {
    this.#asked.set(port.name, [port, received]);
    return this.#looks.get(port.name);
  }

  /** What was told of drops so far. */
  told(name: string): number {
    return this.#told.get(name) ?? 0;
  }

  /** In this order: what comes between the two looks is received and not yet counted, so that it hides a drop for once. */
  async #look(name: string): Promise<number | undefined> {
    const [port, received] = this.#asked.get(name) ?? [];
    if (port === undefined || received === undefined) return undefined;
    const told = this.told(name);
    const rules = await this.#rules().catch(() => []);
    const rule = rules.find(({ comment }) => comment === commentOf(port));
    if (rule === undefined) return told === 0 ? undefined : told;
    let dropped = rule.packets - ((await received()) ?? rule.packets);
    for (const pause of SETTLE_MS) {
      if (dropped <= told) return told;
      await after(pause);
      dropped = rule.packets - ((await received()) ?? rule.packets);
    }
    if (dropped > told) this.#told.set(name, dropped);
    return Math.max(dropped, told);
  }

  async #rules(): Promise<Rule[]> {
    return await this.#stack.netfilter.dump(allRules(chain.table, chain.family), readRule);
  }

  async #change(requests: readonly Request[]): Promise<void> {
    await this.#stack.netfilter.batch(batchBegin(), requests, batchEnd());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

const counting = ({ listenPort }: Port, packets: number): Buffer[] => [
  protocol(),
  equals(Buffer.of(IPPROTO_UDP)),
  destinationPort(),
  equals(be16(listenPort)),
  firstOfUdp(),
  differs(COOKIE_REPLY),
  counter(packets),
];

const commentOf = ({ name, listenPort }: Port): string => `${name} ${listenPort}`;

function portOf(comment: string): Port | undefined {
  const [name = '', listenPort] = comment.split(' ');
  return listenPort === undefined ? undefined : { name, listenPort: Number(listenPort) };
}
