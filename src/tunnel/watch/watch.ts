/**
 * Looks after installed tunnels: adds parts again that somebody took (a firewall that was reloaded, an interface that was down), and
 * follows the ports of a NAT. Owns the sockets that the kernel tells changes on, which are open while there are tunnels.
 */
import { Group, type Heard, NetlinkEvents } from '../../sys/netlink/netlink-events.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE, NETLINK_XFRM } from '../../sys/netlink/netlink-socket.ts';
import type { Message } from '../../sys/netlink/wire.ts';
import { type Mapping, readMapping } from '../../sys/netlink/xfrm-mapping.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { firewallMatters, routingMatters } from './loss.ts';

const LOOK_MS = 1_000;
/** Between two rounds of mending, in looks: a network that changes all the time must not keep us busy. */
const REST_LOOKS = 5;
/** After so many looks everything is looked at in any case: that a process has ended, no network tells. */
const ROUND_LOOKS = 60;

export interface Watched {
  /** Adds again what is missing and needs no key. */
  mend(): Promise<void>;
  /** A packet of the tunnel came from another address than before. */
  moved(mapping: Mapping): Promise<void>;
}

export class Watch implements Disposable {
  readonly #namespace: NetNamespace | undefined;
  readonly #inTurn: (work: () => Promise<void>) => Promise<void>;
  readonly #watched = new Set<Watched>();
  #sources: Array<{ readonly events: NetlinkEvents; readonly hear: (heard: Heard) => void }> = [];
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #rest = 0;

  /** @param inTurn does one thing with tunnels at a time */
  constructor(namespace: NetNamespace | undefined, inTurn: (work: () => Promise<void>) => Promise<void>) {
    this.#namespace = namespace;
    this.#inTurn = inTurn;
  }

  /** @returns disposed when the tunnel is removed or released */
  add(watched: Watched): Disposable {
    if (this.#watched.size === 0) this.#open();
    this.#watched.add(watched);
    return {
      [Symbol.dispose]: () => {
        this.#watched.delete(watched);
        if (this.#watched.size === 0) this[Symbol.dispose]();
      },
    };
  }

  #open(): void {
    const listen = (protocol: number, groups: readonly number[], hear: (heard: Heard) => void): void => {
      try {
        this.#sources.push({ events: new NetlinkEvents(protocol, groups, this.#namespace), hear });
      } catch {
        // A kernel without that part has no such changes.
      }
    };
    listen(NETLINK_ROUTE, [Group.link, Group.address, Group.route], (heard) => this.#changed(heard, routingMatters));
    listen(NETLINK_NETFILTER, [Group.firewall], (heard) => this.#changed(heard, firewallMatters));
    listen(NETLINK_XFRM, [Group.mapping], ({ messages }) => this.#mapped(messages));
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    for (const { events, hear } of this.#sources) {
      try {
        hear(events.look());
      } catch {
        // A message that cannot be read may have told anything.
        this.#due = true;
      }
    }
    this.#rest -= 1;
    this.#due ||= this.#rest < REST_LOOKS - ROUND_LOOKS;
    if (!this.#due || this.#rest > 0) return;
    this.#due = false;
    this.#rest = REST_LOOKS;
    for (const watched of this.#watched) this.#carefully(() => watched.mend());
  }

  #changed({ messages, lost }: Heard, matters: (message: Message) => boolean): void {
    this.#due ||= lost || messages.some(matters);
  }

  #mapped(messages: readonly Message[]): void {
    const latest = new Map(messages.flatMap((message) => readMapping(message) ?? []).map((one) => [one.spi, one]));
    for (const mapping of latest.values()) {
      for (const watched of this.#watched) this.#carefully(() => watched.moved(mapping));
    }
  }

  /** What cannot be mended now may be at the next change; until then `missing()` names it. */
  #carefully(work: () => Promise<void>): void {
    this.#inTurn(work).catch(() => {
      this.#due = true;
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const { events } of this.#sources) events[Symbol.dispose]();
    this.#sources = [];
  }
}
