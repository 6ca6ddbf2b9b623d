/** Keeps this daemon linked with the peers that it has tunnels with: new keys are agreed on over the link. */
import { parseAddress } from '../../spec/address.ts';
import type { Logger } from '../log.ts';
import type { Peers } from '../peers/peers.ts';
import { mayDial } from './other-end.ts';
import type { Tunnel } from './tunnel.ts';

export class Wishes implements Disposable {
  readonly #peers: Pick<Peers, 'at'>;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #wishes = new Map<string, Disposable>();
  #over = false;

  constructor(peers: Pick<Peers, 'at'>, log: Pick<Logger, 'warn'>) {
    this.#peers = peers;
    this.#log = log;
  }

  /** These are the tunnels now. */
  follow(tunnels: readonly Tunnel[]): void {
    if (this.#over) return;
    const names = new Set(tunnels.flatMap(({ record }) => (mayDial(record) ? [record.peer] : [])));
    for (const name of names) {
      if (this.#wishes.has(name)) continue;
      try {
        this.#wishes.set(name, this.#peers.at(parseAddress(name)).want());
      } catch (err) {
        this.#log.warn({ err, peer: name }, 'a peer of a tunnel cannot be dialed');
      }
    }
    for (const [name, wish] of this.#wishes) {
      if (names.has(name)) continue;
      this.#wishes.delete(name);
      wish[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#over = true;
    for (const wish of this.#wishes.values()) wish[Symbol.dispose]();
    this.#wishes.clear();
  }
}
