/**
 * The address that packets of a tunnel leave from, looked for on this host. It is part of the names of all keys: with another one the
 * tunnel has to be made again.
 */
import { WormholeError } from '../../lib/errors.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../sys/constants.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { bindIp, socketIn } from '../../sys/sockets.ts';
import { codeOf } from '../failure.ts';

/** Milliseconds that it may be away: where a network is set up anew it comes back. */
const AWAY_MS = 3_000;

export class OwnAddress {
  readonly #address: string;
  readonly #namespace: NetNamespace | undefined;
  #awaySince: number | undefined;

  /** @param namespace of the host, absent = the calling thread's; borrowed */
  constructor(address: string, namespace: NetNamespace | undefined) {
    this.#address = address;
    this.#namespace = namespace;
  }

  /**
   * @returns why it is not to be expected any more; undefined as long as it is there
   * @throws {WormholeError} WH_ERR_TUNNEL when it may come back: look again
   */
  look(): WormholeError | undefined {
    if (this.#isThere()) {
      this.#awaySince = undefined;
      return undefined;
    }
    this.#awaySince ??= performance.now();
    const gone = new WormholeError(
      'WH_ERR_TUNNEL',
      `this host has ${this.#address} no longer, which packets leave from`,
    );
    if (performance.now() - this.#awaySince < AWAY_MS) throw gone;
    return gone;
  }

  /** Of either family, and without a list of all that there are. */
  #isThere(): boolean {
    const host = this.#address;
    try {
      using socket = socketIn(this.#namespace, host.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
      bindIp(socket.fd, { host, port: 0 });
      return true;
    } catch (error) {
      return codeOf(error) !== 'EADDRNOTAVAIL';
    }
  }
}
