/**
 * The WireGuard interfaces of this host, each with a port and a key of its own, shared by the tunnels that can share one.
 *
 * Keys are never written down: what an earlier process made is taken up as it is, and later tunnels get another interface.
 */
import { randomBytes } from 'node:crypto';
import { makeX25519 } from '../../lib/x25519.ts';
import type { HeldPort, Ports } from './ports.ts';

export interface WireguardInterface {
  readonly engine: 'kernel' | 'go';
  readonly name: string;
  readonly listenPort: number;
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
}

/** Where it is, and what it is like; those alike are shared. */
export interface InterfaceWish {
  readonly engine: 'kernel' | 'go';
  /** Identity of the namespace; '' = the host's. */
  readonly where: string;
  readonly mtu: number | undefined;
}

/** To be disposed when its tunnel has been taken away. */
export interface UsedInterface extends Disposable {
  readonly one: WireguardInterface;
}

interface Shared {
  readonly one: WireguardInterface;
  readonly port: HeldPort;
  users: number;
}

export class Interfaces {
  readonly #ports: Ports;
  readonly #shared = new Map<string, Shared>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Whether there is one to be shared, which takes no further port. */
  has(wish: InterfaceWish): boolean {
    return this.#shared.has(keyOf(wish));
  }

  /** @throws {WormholeError} WH_ERR_LIMIT when no port is left */
  use(wish: InterfaceWish): UsedInterface {
    const key = keyOf(wish);
    const shared = this.#shared.get(key) ?? this.#make(wish.engine);
    this.#shared.set(key, shared);
    shared.users += 1;
    let used = true;
    return {
      one: shared.one,
      [Symbol.dispose]: () => {
        if (!used) return;
        used = false;
        shared.users -= 1;
        if (shared.users > 0) return;
        this.#shared.delete(key);
        shared.port[Symbol.dispose]();
      },
    };
  }

  #make(engine: WireguardInterface['engine']): Shared {
    const port = this.#ports.take();
    const name = `wh${randomBytes(4).toString('hex')}`;
    return { one: { engine, name, listenPort: port.port, ...makeX25519() }, port, users: 0 };
  }
}

const keyOf = ({ engine, where, mtu }: InterfaceWish): string => `${engine} ${mtu ?? 0} ${where}`;
