/**
 * The carrier's side of its worker thread: {@link CarrierServer} and {@link Links} at the end of a message port.
 *
 * TLS and what it costs happen here, on an event loop of its own, so that handshakes of strangers never delay the
 * control plane. The streams that peers open for connections are left to whoever runs the worker.
 */
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import { WormholeError } from '../lib/errors.ts';
import { carryOut, failureOf, plainSocket } from './carry-out.ts';
import type { DatagramSockets } from './datagram/sockets.ts';
import { join } from './join.ts';
import type { Lanes } from './lane/lanes.ts';
import { loadLanes } from './lane/load.ts';
import { factsOf } from './link/facts.ts';
import type { Incoming } from './link/incoming.ts';
import type { Link } from './link/link.ts';
import type { Links } from './link/links.ts';
import type { LinksOptions } from './link/links-options.ts';
import { noLanes } from './link/reasons.ts';
import { Turns } from './link/turns.ts';
import type { Ask, FromCarrier, LinkChange, ToCarrier } from './messages.ts';
import type { Load, StreamServer } from './parts.ts';
import { type CarrierPeer, formatPeer } from './peer.ts';
import type { SecureStream } from './secure-stream.ts';
import { CarrierServer, type ListenAddress, ListenError } from './server.ts';

type Start = Extract<ToCarrier, { type: 'start' }>;

interface Waiting {
  readonly resolve: (stream: Duplex) => void;
  readonly reject: (error: NodeJS.ErrnoException) => void;
}

class CarrierService {
  readonly #port: MessagePort;
  readonly #load: Load;
  #sockets: DatagramSockets | undefined;
  readonly #waiting = new Map<number, Waiting>();
  readonly #asked = new Map<number, AbortController>();
  readonly #apiTurns = new Turns();
  #lastId = 0;
  #server: CarrierServer | undefined;
  #begin: (() => Promise<Links>) | undefined;
  #links: Links | undefined;
  #lanes: Lanes | undefined;
  #streams: StreamServer | undefined;

  constructor(port: MessagePort, load: Load) {
    this.#port = port;
    this.#load = load;
  }

  async obey(message: ToCarrier): Promise<void> {
    switch (message.type) {
      case 'start':
        return this.#start(message);
      case 'pair':
        return this.#pairCame(message.id, message.fd);
      case 'no-pair':
        this.#waiting.get(message.id)?.reject(Object.assign(new Error('no socket pair'), { code: message.code }));
        this.#waiting.delete(message.id);
        return;
      case 'ask':
        return this.#answer(message.id, message.ask);
      case 'unask':
        return this.#asked.get(message.id)?.abort(new WormholeError('WH_ERR_ABORTED', 'nobody waits any more'));
      case 'wake':
        return void (await this.#begin?.().catch((error: unknown) => this.#notBegun('', error)));
      case 'stop':
        void this.#server?.stop();
        return this.#links?.drain();
      case 'close':
        await Promise.all([this.#server?.close(message.drainMs), this.#links?.close(message.drainMs)]);
        this.#streams?.close();
        this.#sockets?.close();
        await this.#lanes?.close();
        this.#port.close();
    }
  }

  #post(message: FromCarrier): void {
    this.#port.postMessage(message);
  }

  /** Makes what links need, with the first one. */
  async #makeLinks(message: Start, addresses: readonly ListenAddress[]): Promise<Links> {
    const names = new Map(message.names);
    const [{ Links: Made }, { makeStreams, sockets }] = await Promise.all([
      import('./link/links.ts'),
      this.#load.parts(),
    ]);
    const tls = await this.#load.otherTls();
    this.#sockets = sockets;
    const options: LinksOptions = {
      own: message.own,
      ...(sockets !== undefined && { sockets }),
      tls,
      ownerOf: (name) => names.get(name),
      onUp: (link) => {
        const facts = factsOf(link);
        if (facts !== undefined) this.#tell(link, { change: 'up', facts });
      },
      onLost: (link, reason) => this.#tell(link, { change: 'lost', reason }),
      onResumed: (link) => this.#tell(link, { change: 'resumed', address: link.peer.address }),
      onDraining: (link) => this.#tell(link, { change: 'draining' }),
      onOver: (link, { message: reason }) => this.#tell(link, { change: 'over', reason }),
      onStream: (link, incoming) => {
        const { head } = incoming;
        if (head.kind === 'api') this.#serveApi(link, incoming);
        else if (head.kind === 'quic') incoming.refuse(noLanes());
        else streams.onStream(link, incoming, head);
      },
      onRefused: ({ address }, reason) => this.#server?.report(address, reason),
    };
    this.#lanes = await loadLanes(message, addresses, {
      onRefused: (address, reason) => this.#server?.report(address, `quic: ${reason}`),
      onChange: (link, carrier, reason) => this.#tell(link, { change: 'carrier', carrier, reason }),
    });
    const links: Links = new Made(this.#lanes?.beside(options) ?? options);
    const streams = makeStreams(message.streams, links);
    this.#links = links;
    this.#streams = streams;
    for (const address of addresses) this.#listenForDatagrams(address);
    return links;
  }

  async #start(message: Start): Promise<void> {
    const server = new CarrierServer({
      ...message,
      openHttp: (peer) => this.#openHttp(peer),
      onCarrier: (stream, peer) => void this.#accept(stream, peer),
      otherTls: this.#load.otherTls,
      onEvent: (event) => this.#post({ type: 'event', event }),
    });
    this.#server = server;
    try {
      const addresses = await server.listen(message.addresses);
      let beginning: Promise<Links> | undefined;
      this.#begin = () => {
        beginning ??= this.#makeLinks(message, addresses).catch((error: unknown) => {
          // Out of descriptors, say: the next one may have more luck.
          beginning = undefined;
          throw error;
        });
        return beginning;
      };
      this.#post({ type: 'listening', addresses, descriptors: server.descriptors });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.#post({ type: 'refused', address: error.address, code: error.code });
      message.streams?.close();
      this.#port.close();
    }
  }

  async #accept(stream: SecureStream, peer: CarrierPeer): Promise<void> {
    const links = await this.#begin?.().catch((error: unknown) => this.#notBegun(peer.address, error));
    if (links === undefined) return void stream.destroy();
    // It may have gone while the first link's parts were loaded.
    if (!stream.destroyed) links.accept(stream, peer);
  }

  #notBegun(address: string, error: unknown): undefined {
    this.#server?.report(address, (error as NodeJS.ErrnoException).code ?? 'links cannot be loaded');
  }

  /** The same port for UDP. Without it datagrams go over streams, and all else is well. */
  #listenForDatagrams({ host, port }: ListenAddress): void {
    for (const each of host === '::' ? ['::', '0.0.0.0'] : [host]) {
      if (isIP(each) === 0) continue;
      try {
        this.#sockets?.listen({ host: each, port });
      } catch (error) {
        this.#server?.report(formatPeer(each, port), (error as NodeJS.ErrnoException).code ?? 'unknown');
      }
    }
  }

  #tell(link: Link, change: LinkChange): void {
    if (link.hello !== undefined) this.#post({ type: 'link', link: link.number, change });
  }

  #openHttp(peer: CarrierPeer): Promise<Duplex> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#post({ type: 'http', id, peer });
    return new Promise((resolve, reject) => void this.#waiting.set(id, { resolve, reject }));
  }

  /** A request costs two descriptors, a stream none: whoever opens streams without end waits for itself. */
  #serveApi(link: Link, incoming: Incoming): void {
    const begin = (done: () => void): void => void this.#openApi(link, incoming, done);
    const begun = this.#apiTurns.take(link.number, link.peer.identity, begin);
    if (!begun) incoming.refuse(new WormholeError('WH_ERR_LIMIT', 'too many requests of peers are under way'));
  }

  async #openApi(link: Link, incoming: Incoming, done: () => void): Promise<void> {
    const { identity, address } = link.peer;
    const { host = '', name = '' } = link.hello ?? {};
    try {
      if (incoming.duplex.destroyed) return done();
      const plain = await this.#openHttp({ identity, address, link: { number: link.number, host, name } });
      join(incoming.accept(), plain, done);
    } catch (error) {
      done();
      incoming.refuse(new WormholeError('WH_ERR_LIMIT', 'the control API cannot be reached now', { cause: error }));
    }
  }

  /** Takes the descriptor of a pair. */
  #pairCame(id: number, fd: number): void {
    const stream = plainSocket(fd);
    this.#post({ type: 'taken', id });
    const wait = this.#waiting.get(id);
    this.#waiting.delete(id);
    // One that nobody waits for is still ours to close.
    if (wait === undefined) stream.destroy();
    else wait.resolve(stream);
  }

  async #answer(id: number, ask: Ask): Promise<void> {
    const asked = new AbortController();
    this.#asked.set(id, asked);
    try {
      const value =
        ask.ask === 'keys'
          ? this.#server?.replaceKeys(ask.keys)
          : await carryOut(ask, asked.signal, this.#begin, this.#links);
      this.#post({ type: 'answer', id, value });
    } catch (error) {
      this.#post({ type: 'failed', id, ...failureOf(error) });
    } finally {
      this.#asked.delete(id);
    }
  }
}

/**
 * Serves at `port` until it is closed and nothing is open any more.
 *
 * @param load called when the first link is to be made, or somebody asks for the streams' server, and at the first connection
 */
export function serveCarrier(port: MessagePort, load: Load): void {
  const service = new CarrierService(port, load);
  // A rejection is a bug of ours: as an uncaught error it ends the thread, and the daemon hears of it.
  port.on('message', (message: ToCarrier) => void service.obey(message));
}
