/**
 * Looks after installed tunnels: adds parts again that somebody took (a firewall that was reloaded, an interface that was down), in the
 * host and in the containers that they end in, and follows the ports of a NAT. Listens in a namespace while there are tunnels in it.
 */
import { receiveBuffer } from '../../sys/netlink/netlink-events.ts';
import type { Message } from '../../sys/netlink/wire.ts';
import { type Mapping, readMapping } from '../../sys/netlink/xfrm-mapping.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { Listening } from './listening.ts';

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
  /** The host's, which all tunnels have parts in, and by their identity those of containers. */
  readonly #places = new Map<string, Listening<Watched>>();
  readonly #due = new Set<Watched>();
  readonly #scratch = receiveBuffer();
  #timer: NodeJS.Timeout | undefined;
  #rest = 0;

  /** @param inTurn does one thing with tunnels at a time */
  constructor(namespace: NetNamespace | undefined, inTurn: (work: () => Promise<void>) => Promise<void>) {
    this.#namespace = namespace;
    this.#inTurn = inTurn;
  }

  /**
   * @param attached of the container that it ends in, absent = none; borrowed for the length of the call
   * @returns disposed when the tunnel is removed or released
   */
  add(watched: Watched, attached?: NetNamespace): Disposable {
    const places = [this.#host(), ...(attached === undefined ? [] : [this.#container(attached)])];
    for (const { listening } of places) listening.tunnels.add(watched);
    return {
      [Symbol.dispose]: () => {
        this.#due.delete(watched);
        for (const { key, listening } of places) this.#leave(watched, key, listening);
        if (this.#places.size === 0) this[Symbol.dispose]();
      },
    };
  }

  #host(): Place {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    const onMapped = (messages: readonly Message[]): void => this.#mapped(messages);
    return this.#place('', () => new Listening({ namespace: this.#namespace, onMapped }));
  }

  #container(namespace: NetNamespace): Place {
    return this.#place(namespace.id, () => new Listening({ namespace }));
  }

  #place(key: string, open: () => Listening<Watched>): Place {
    const listening = this.#places.get(key) ?? open();
    this.#places.set(key, listening);
    return { key, listening };
  }

  #leave(watched: Watched, key: string, listening: Listening<Watched>): void {
    listening.tunnels.delete(watched);
    if (listening.tunnels.size > 0) return;
    listening[Symbol.dispose]();
    if (this.#places.get(key) === listening) this.#places.delete(key);
  }

  #look(): void {
    for (const listening of this.#places.values()) {
      if (listening.look(this.#scratch)) this.#missed(listening.tunnels);
    }
    this.#rest -= 1;
    if (this.#rest < REST_LOOKS - ROUND_LOOKS) this.#missed(this.#places.get('')?.tunnels ?? []);
    if (this.#due.size === 0 || this.#rest > 0) return;
    this.#rest = REST_LOOKS;
    const due = [...this.#due];
    this.#due.clear();
    for (const watched of due) this.#carefully(watched, () => watched.mend());
  }

  #missed(tunnels: Iterable<Watched>): void {
    for (const watched of tunnels) this.#due.add(watched);
  }

  #mapped(messages: readonly Message[]): void {
    const latest = new Map(messages.flatMap((message) => readMapping(message) ?? []).map((one) => [one.spi, one]));
    for (const mapping of latest.values()) {
      for (const watched of this.#places.get('')?.tunnels ?? []) {
        this.#carefully(watched, () => watched.moved(mapping));
      }
    }
  }

  /** What cannot be mended now may be at the next change; until then `missing()` names it. */
  #carefully(watched: Watched, work: () => Promise<void>): void {
    this.#inTurn(work).catch(() => {
      if (this.#places.get('')?.tunnels.has(watched) === true) this.#due.add(watched);
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const listening of this.#places.values()) listening[Symbol.dispose]();
    this.#places.clear();
    this.#due.clear();
  }
}

interface Place {
  readonly key: string;
  readonly listening: Listening<Watched>;
}
