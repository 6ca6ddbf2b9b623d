/** In a relay worker: what may have come through peers goes on, and so does its count of hops. See `../passing.ts`. */
import { formatIp, type IpEndpoint } from '../../sys/sockaddr.ts';
import type { Passing } from '../passing.ts';
import { clientEndpoint, localEndpoint } from './endpoints.ts';

interface Relayed {
  readonly client: { readonly fd: number };
}

export class Onward {
  readonly #passing: Passing;
  /** From where those go on whose client is on this machine. */
  readonly #from = new Map<Relayed, string>();

  constructor(passing: Passing) {
    this.#passing = passing;
  }

  /** @param fd dialed for it, borrowed */
  dialed(connection: Relayed, fd: number): void {
    if (!this.#passing.any) return;
    this.ended(connection);
    const client = clientEndpoint(connection.client.fd);
    if (client === undefined || !isHere(client, connection.client.fd)) return;
    const local = localEndpoint(fd);
    if (local === undefined) return;
    const from = formatIp(local);
    this.#passing.continues(formatIp(client), from);
    this.#from.set(connection, from);
  }

  ended(connection: Relayed): void {
    if (this.#from.size === 0) return;
    const from = this.#from.get(connection);
    if (from === undefined) return;
    this.#from.delete(connection);
    this.#passing.forget(from);
  }
}

/** On this machine, as far as addresses tell: who dials an address of its own has that one. */
function isHere({ host }: IpEndpoint, fd: number): boolean {
  return host.startsWith('127.') || host === '::1' || localEndpoint(fd)?.host === host;
}
