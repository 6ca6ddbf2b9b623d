/**
 * In a relay worker: what may have come through peers goes on, and so does its count of hops. See `../passing.ts`.
 *
 * Costs one look-up for each dial, of the socket's own address, and that only once peers have brought connections here: where its
 * client came from a connection knows from its accept, if anybody wants records.
 */
import { formatIp } from '../../sys/sockaddr.ts';
import type { Passing } from '../passing.ts';
import { clientEndpoint, localEndpoint } from './endpoints.ts';

export interface Relayed {
  readonly client: { readonly fd: number };
  /** HOST:PORT, as its accept has told; undefined when nobody asked. */
  readonly clientAddress: (() => string) | undefined;
  /** The address that it goes on from, as long as that is noted; '' while it is not. */
  onwardFrom: string;
}

export class Onward {
  readonly #passing: Passing;

  constructor(passing: Passing) {
    this.#passing = passing;
  }

  /** @param fd dialed for it, borrowed */
  dialed(connection: Relayed, fd: number): void {
    if (!this.#passing.any) return;
    this.ended(connection);
    const local = localEndpoint(fd);
    const client = connection.clientAddress?.() ?? formatted(clientEndpoint(connection.client.fd));
    if (local === undefined || client === '') return;
    connection.onwardFrom = formatIp(local);
    this.#passing.continues(client, connection.onwardFrom);
  }

  ended(connection: Relayed): void {
    if (connection.onwardFrom === '') return;
    this.#passing.forget(connection.onwardFrom);
    connection.onwardFrom = '';
  }
}

function formatted(endpoint: ReturnType<typeof clientEndpoint>): string {
  return endpoint === undefined ? '' : formatIp(endpoint);
}
