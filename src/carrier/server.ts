/**
 * The carrier's port: bound addresses, connections on them, and their end.
 *
 * Owns the listening sockets and every connection; leaves the handshake to `handshake.ts` and what is spoken inside
 * to `protocols.ts`. Runs in the carrier worker, or wherever it is put: it knows nothing of threads.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { socketFd } from '../lib/socket-fd.ts';
import { type CarrierEvent, EventRate } from './events.ts';
import { Gate } from './gate.ts';
import { Handshakes } from './handshake.ts';
import { type KeyEntries, Keys } from './keys.ts';
import type { CarrierLimits } from './limits.ts';
import type { CarrierPeer } from './peer.ts';
import { type OpenHttp, protocolTable } from './protocols.ts';
import type { LoadTls, SecureStream } from './secure-stream.ts';

/** Host is a literal or a name of this machine; '' = every address, as is '::' where there is IPv6; port 0 = ephemeral. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** An address could not be bound; nothing is. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly address: ListenAddress;
  readonly code: string;

  constructor(address: ListenAddress, cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.address = address;
    this.code = cause.code ?? 'unknown';
  }
}

export interface CarrierServerOptions {
  readonly keys: KeyEntries;
  readonly limits: CarrierLimits;
  readonly openHttp: OpenHttp;
  /** Takes a connection of a peer that speaks the carrier's protocol. */
  readonly onCarrier: (stream: SecureStream, peer: CarrierPeer) => void;
  /** TLS for it beside node's; absent = there is none. */
  readonly otherTls?: LoadTls | undefined;
  readonly onEvent: (event: CarrierEvent) => void;
}

export class CarrierServer {
  readonly #keys: Keys;
  readonly #gate: Gate;
  readonly #events: EventRate;
  readonly #handshakes: Handshakes;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Pick<SecureStream, 'destroy'>>();
  readonly #closed: Promise<void>[] = [];

  constructor(options: CarrierServerOptions) {
    const { limits } = options;
    this.#keys = new Keys(options.keys);
    this.#gate = new Gate(limits);
    this.#events = new EventRate(options.onEvent);
    const failed = ({ address }: CarrierPeer, reason: string): void => this.report(address, reason);
    const protocols = protocolTable(options.openHttp, limits, failed, options.onCarrier);
    this.#handshakes = new Handshakes({
      keys: this.#keys,
      gate: this.#gate,
      limits,
      events: this.#events,
      protocols: [...protocols.keys()],
      otherTls: options.otherTls,
      onCarrier: options.onCarrier,
      onSecure: (stream, peer) => {
        const protocol = protocols.get(stream.alpnProtocol as string);
        if (protocol === undefined) stream.destroy();
        else protocol(stream, peer);
      },
    });
  }

  /** Tells the log of a connection that came to nothing, at the rate of all such. */
  report(address: string, reason: string): void {
    this.#events.report('connection-failed', address, reason);
  }

  /** Of the listening sockets, borrowed. */
  get descriptors(): readonly number[] {
    return this.#servers.map(socketFd);
  }

  /** Connections inside; handshakes among them. */
  get inside(): Gate['inside'] {
    return this.#gate.inside;
  }

  /**
   * Binds all addresses or none.
   *
   * @returns what was really bound, in the same order
   * @throws {ListenError}
   */
  async listen(addresses: readonly ListenAddress[]): Promise<ListenAddress[]> {
    const bound: ListenAddress[] = [];
    try {
      for (const address of addresses) bound.push(await this.#bind(address));
    } catch (error) {
      await this.close(0);
      throw error;
    }
    return bound;
  }

  #bind(address: ListenAddress): Promise<ListenAddress> {
    const server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      // What is first has to be there for whichever TLS it is for.
      pauseOnConnect: true,
    });
    server.on('connection', (raw) => this.#accept(raw));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void => reject(new ListenError(address, cause));
      server.once('error', failed);
      const { host, port } = address;
      // Without a host Node takes '::' and with it IPv4, or 0.0.0.0 where there is no IPv6.
      const where = host === '' ? { port } : { host, port };
      server.listen({ ...where, exclusive: true }, () => {
        server.off('error', failed);
        // Out of descriptors and the like: the connection is lost, the listener is not.
        server.on('error', (error: NodeJS.ErrnoException) =>
          this.#events.report('accept-failed', '', error.code ?? 'unknown'),
        );
        const real = server.address();
        resolve(typeof real === 'object' && real !== null ? { host: host || real.address, port: real.port } : address);
      });
    });
  }

  #accept(raw: Socket): void {
    this.#count(raw);
    this.#handshakes.accept(raw, (instead) => this.#count(instead));
  }

  #count(connection: Pick<SecureStream, 'destroy' | 'once'>): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
  }

  /** New keys for handshakes from now on. */
  replaceKeys(keys: KeyEntries): void {
    this.#keys.replace(keys);
  }

  /** Stops accepting, and ends handshakes. @returns resolves when the last connection has ended */
  stop(): Promise<unknown> {
    for (const server of this.#servers.splice(0)) {
      this.#closed.push(new Promise((resolve) => void server.close(() => resolve())));
    }
    this.#handshakes.abort();
    return Promise.all(this.#closed);
  }

  /** Stops accepting, lets connections end, and ends the rest after `drainMs`. */
  async close(drainMs: number): Promise<void> {
    const closed = this.stop();
    const timer = setTimeout(() => {
      for (const raw of this.#connections) raw.destroy();
    }, drainMs);
    await closed;
    clearTimeout(timer);
  }
}
