/**
 * A portable route for byte streams: its listener, the clients that wait for a place, the connections, and the drain.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OwnedFd } from '../../sys/fd.ts';
import type { Counters } from '../counters.ts';
import type { RouteOptions, RouteStats, Targets } from '../route.ts';
import { accepted, type Client } from './client.ts';
import { serve } from './connection.ts';
import type { DatagramEnd } from './datagram-end.ts';
import { drained } from './drain.ts';
import type { ListenAddress } from './listen-address.ts';
import { listenStream, type StreamListener } from './listener.ts';
import { NamedDestinations } from './named.ts';
import type { PortableRoute } from './plane.ts';
import { Tally } from './tally.ts';
import { CurrentTargets } from './targets.ts';
import { WaitingRoom } from './waiting-room.ts';
import type { Ways } from './ways.ts';

/** See the module header. */
export class StreamRoute implements PortableRoute {
  readonly #options: RouteOptions;
  readonly #tail: CurrentTargets;
  readonly #named: NamedDestinations | undefined;
  readonly #tally: Tally;
  readonly #waiting = new WaitingRoom();
  readonly #connections = new Map<Promise<void>, AbortController>();
  readonly #onClosed: () => void;
  #listener: StreamListener | undefined;
  #closing: Promise<void> | undefined;

  /** @param onClosed called once, when nothing of the route is left */
  constructor(options: RouteOptions, ways: Ways, counters: Counters, onClosed: () => void) {
    this.#options = options;
    this.#tally = new Tally(counters);
    this.#tail = new CurrentTargets(options, ways);
    this.#named = options.connect && new NamedDestinations(options, options.connect, ways);
    this.#onClosed = onClosed;
  }

  async listen(socket: OwnedFd): Promise<void> {
    await this.#listenAt({ fd: socket.release() });
  }

  async listenOn(address: ListenAddress): Promise<ListenAddress> {
    const listener = await this.#listenAt(address);
    return listener.address ?? address;
  }

  async #listenAt(where: ListenAddress | { readonly fd: number }): Promise<StreamListener> {
    await this.unlisten();
    const listener = await listenStream(where, (client) => this.#accept(accepted(client)));
    // somebody else may have been faster, or the route closed
    await this.unlisten();
    if (this.#closing === undefined) this.#listener = listener;
    else listener.close();
    return listener;
  }

  unlisten(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    return Promise.resolve();
  }

  async retarget(targets: Targets): Promise<void> {
    this.#tail.replace(targets);
    // Who waited is being dialed for when this resolves.
    await nextTurn();
  }

  stats(): RouteStats {
    return this.#tally.stats(this.#tail.pool.health());
  }

  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#drain(drainMs);
    if (drainMs <= 0) this.#abort();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  async #drain(drainMs: number): Promise<void> {
    await this.unlisten();
    this.#waiting.clear();
    const rest = Promise.all(this.#connections.keys());
    await drained(rest, drainMs);
    this.#abort();
    await rest;
    this.#tail.close();
    this.#onClosed();
  }

  #abort(): void {
    for (const life of this.#connections.values()) life.abort();
  }

  take(client: Client): void {
    // one that is reset before anybody looks at it must not end the process
    client.stream.on('error', () => undefined);
    this.#accept(client);
  }

  takeFlow(client: DatagramEnd): void {
    client.close();
  }

  #accept(client: Client): void {
    if (this.#closing !== undefined) client.failed({ reason: 'closed-by-daemon', detail: 'the wormhole is closed' });
    else if (this.#connections.size >= this.#limit) this.#waiting.add(client);
    else this.#serve(client);
  }

  get #limit(): number {
    return this.#options.maxConns > 0 ? this.#options.maxConns : Number.POSITIVE_INFINITY;
  }

  #serve(client: Client): void {
    const life = new AbortController();
    const named = this.#named === undefined ? {} : { named: this.#named };
    const deps = { options: this.#options, tail: this.#tail, tally: this.#tally, ...named };
    const connection = serve(client, deps, life).finally(() => {
      this.#connections.delete(connection);
      const next = this.#connections.size < this.#limit ? this.#waiting.next() : undefined;
      if (next !== undefined) this.#serve(next);
    });
    this.#connections.set(connection, life);
  }
}
