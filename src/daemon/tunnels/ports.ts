/** The UDP ports that tunnels may use (`-P`): each held by one of them at a time, from the attempt on. */
import { randomInt } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import { AF_INET, SOCK_DGRAM } from '../../sys/constants.ts';
import { bindIp, socketIn } from '../../sys/sockets.ts';
import type { PortRange } from '../config/network.ts';

export interface HeldPort extends Disposable {
  readonly port: number;
}

export class Ports {
  readonly range: PortRange;
  readonly #isFree: (port: number) => boolean;
  /** Port → number of those who hold it: tunnels that share an interface share its port. */
  readonly #held = new Map<number, number>();

  constructor(range: PortRange, isFree: (port: number) => boolean = canBind) {
    this.range = range;
    this.#isFree = isFree;
  }

  /** One that nobody has. @throws {WormholeError} WH_ERR_LIMIT */
  take(): HeldPort {
    const { low, high } = this.range;
    const count = high - low + 1;
    const first = randomInt(count);
    for (let tried = 0; tried < count; tried += 1) {
      const port = low + ((first + tried) % count);
      if (!this.#held.has(port) && this.#isFree(port)) return this.hold(port);
    }
    throw new WormholeError('WH_ERR_LIMIT', `no UDP port of ${low}-${high} is free; give wormholed a wider -P`);
  }

  /** One that a tunnel has already. */
  hold(port: number): HeldPort {
    this.#held.set(port, (this.#held.get(port) ?? 0) + 1);
    let held = true;
    return {
      port,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const left = (this.#held.get(port) ?? 1) - 1;
        if (left === 0) this.#held.delete(port);
        else this.#held.set(port, left);
      },
    };
  }
}

function canBind(port: number): boolean {
  using socket = socketIn(undefined, AF_INET, SOCK_DGRAM);
  try {
    bindIp(socket.fd, { host: '0.0.0.0', port });
    return true;
  } catch {
    return false;
  }
}
