/**
 * Back-pressure for `max-conns` where the kernel's backlog cannot do it: node:net accepts at once, so clients beyond
 * the limit wait here, unread, in the order they came.
 */
import type { Socket } from 'node:net';
import { resetSocket } from './reset.ts';

/** As many as the kernel would queue (listen(2) backlog of node:net); further ones are refused. */
const SEATS = 511;

/** The clients of one route that wait for a place. */
export class WaitingRoom {
  readonly #clients = new Set<Socket>();

  /** Takes `client` in, or resets it when the room is full. */
  add(client: Socket): void {
    if (this.#clients.size >= SEATS) {
      resetSocket(client);
      return;
    }
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
  }

  /** Hands the first client out; the caller owns it. */
  next(): Socket | undefined {
    const [client] = this.#clients;
    if (client !== undefined) this.#clients.delete(client);
    return client;
  }

  /** Sends everybody away. */
  clear(): void {
    for (const client of this.#clients) resetSocket(client);
    this.#clients.clear();
  }
}
