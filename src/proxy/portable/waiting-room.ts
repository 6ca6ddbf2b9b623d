/**
 * Back-pressure for `max-conns` where the kernel's backlog cannot do it: node:net accepts at once, so clients beyond
 * the limit wait here, unread, in the order they came.
 */
import type { Client } from './client.ts';
import { resetStream } from './reset.ts';

/** As many as the kernel would queue (listen(2) backlog of node:net); further ones are refused. */
const SEATS = 511;

/** The clients of one route that wait for a place. */
export class WaitingRoom {
  readonly #clients = new Set<Client>();

  /** Takes `client` in, or resets it when the room is full. */
  add(client: Client): void {
    if (this.#clients.size >= SEATS) {
      client.failed({ reason: 'local-error', detail: 'too many wait for a place' });
      return;
    }
    this.#clients.add(client);
    client.stream.once('close', () => this.#clients.delete(client));
  }

  /** Hands the first client out; the caller owns it. */
  next(): Client | undefined {
    const [client] = this.#clients;
    if (client !== undefined) this.#clients.delete(client);
    return client;
  }

  /** Sends everybody away. */
  clear(): void {
    for (const { stream } of this.#clients) resetStream(stream);
    this.#clients.clear();
  }
}
