/**
 * A portable route for byte streams: its listener, the clients that wait for a place, the connections, and the drain.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { NumberMap } from '../../lib/number-map.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { Counters } from '../counters.ts';
import type { RouteOptions, RouteStats, Targets } from '../route.ts';
import { accepted, type Client } from './client.ts';
import { type Begun, type ConnectionDeps, serve } from './connection.ts';
import type { DatagramEnd } from './datagram-end.ts';
import { drained } from './drain.ts';
import type { FastLane, LaneUser, Life } from './fast-lane.ts';
import type { ListenAddress } from './listen-address.ts';
import { listenStream, type StreamListener } from './listener.ts';
import { NamedDestinations } from './named.ts';
import type { PortableRoute } from './portable-route.ts';
import { adopt } from './socket.ts';
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
  readonly #connections = new NumberMap<Life>();
  #lastConnection = 0;
  /** Called when none is left. */
  #whenEmpty: (() => void) | undefined;
  readonly #onClosed: () => void;
  readonly #deps: ConnectionDeps;
  readonly #lane: FastLane | undefined;
  #listener: StreamListener | undefined;
  #closing: Promise<void> | undefined;

  /** @param onClosed called once, when nothing of the route is left */
  constructor(options: RouteOptions, ways: Ways, counters: Counters, onClosed: () => void) {
    this.#options = options;
    this.#tally = new Tally(counters);
    this.#tail = new CurrentTargets(options, ways);
    this.#named = options.connect && new NamedDestinations(options, options.connect, ways);
    this.#onClosed = onClosed;
    const named = this.#named === undefined ? {} : { named: this.#named };
    this.#deps = { options, tail: this.#tail, tally: this.#tally, ...named };
    this.#lane = ways.pump?.lane(this.#deps);
  }

  async listen(socket: OwnedFd): Promise<void> {
    const { pump } = this.#tail.ways;
    if (pump === undefined) return void (await this.#listenAt({ fd: socket.release() }));
    await this.unlisten();
    if (this.#closing !== undefined) return socket[Symbol.dispose]();
    const listener = pump.listen(socket, (client, from) => this.#acceptFd(client, from));
    this.#listener = { address: undefined, close: () => listener[Symbol.dispose]() };
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
    const rest = new Promise<void>((resolve) => (this.#whenEmpty = resolve));
    this.#left();
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
    if (this.#full || client.bytes === undefined) return this.#accept(client);
    this.#short(
      (user) => this.#lane?.toTarget(client, user),
      (begun) => this.#serve(client, begun),
    );
  }

  takeFlow(client: DatagramEnd): void {
    client.close();
  }

  #acceptFd(client: OwnedFd, from: string): void {
    const long = (begun?: Begun, said?: Buffer): void => {
      const socket = adopt(client);
      if (said !== undefined) socket.unshift(said);
      this.#accept(accepted(socket), begun);
    };
    if (this.#full) return long();
    this.#short((user) => this.#lane?.toPeer(client, from, user), long);
  }

  /** Leads a connection the short way, or else the long one. */
  #short(lead: (user: LaneUser) => Life | undefined, long: (begun?: Begun, said?: Buffer) => void): void {
    let state: 'leading' | 'led' | 'over' | 'long' = 'leading';
    const number = this.#number();
    const life = lead({
      onOver: () => {
        if (state === 'led') this.#end(number);
        state = 'over';
      },
      onLong: (begun, said) => {
        if (state === 'led') this.#connections.delete(number);
        state = 'long';
        long(begun, said);
      },
    });
    if (state !== 'leading') return;
    if (life === undefined) return long();
    state = 'led';
    this.#connections.set(number, life);
  }

  #accept(client: Client, begun?: Begun): void {
    // one that is reset before anybody looks at it must not end the process
    client.stream.on('error', () => undefined);
    if (begun !== undefined) this.#serve(client, begun);
    else if (this.#closing !== undefined)
      client.failed({ reason: 'closed-by-daemon', detail: 'the wormhole is closed' });
    else if (this.#full) this.#waiting.add(client);
    else this.#serve(client);
  }

  /** Nobody is let in now. */
  get #full(): boolean {
    const { maxConns } = this.#options;
    return this.#closing !== undefined || (maxConns > 0 && this.#connections.size >= maxConns);
  }

  #serve(client: Client, begun?: Begun): void {
    client.stream.on('error', () => undefined);
    const life = new AbortController();
    const number = this.#number();
    this.#connections.set(number, life);
    void serve(client, this.#deps, life, begun).finally(() => this.#end(number));
  }

  /** For one more connection; none that lives has it. */
  #number(): number {
    do this.#lastConnection = (this.#lastConnection + 1) >>> 0;
    while (this.#connections.has(this.#lastConnection));
    return this.#lastConnection;
  }

  #end(number: number): void {
    this.#connections.delete(number);
    this.#left();
    const next = this.#full ? undefined : this.#waiting.next();
    if (next !== undefined) this.#serve(next);
  }

  #left(): void {
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }
}
