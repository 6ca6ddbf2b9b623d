/**
 * A portable route for datagrams: the head, and one flow per client address with the longest unused one evicted first.
 */
import type { Socket } from 'node:dgram';
import { WormholeError } from '../../lib/errors.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { Destination } from '../../sys/segments.ts';
import type { Counters } from '../counters.ts';
import type { FlowKey } from '../datagram/flow-key.ts';
import type { RouteOptions, RouteStats, Targets } from '../route.ts';
import type { Client } from './client.ts';
import { type DatagramEnd, sendThrough } from './datagram-end.ts';
import { bindDatagram, sendDatagram } from './datagram-socket.ts';
import type { DatagramSource, FdDatagrams } from './fd-datagrams.ts';
import { Flow, type FlowClient, type FlowDeps } from './flow.ts';
import { endpointText, type ListenAddress } from './listen-address.ts';
import type { PortableRoute } from './portable-route.ts';
import { Tally } from './tally.ts';
import { CurrentTargets } from './targets.ts';
import type { Ways } from './ways.ts';

/** See the module header. */
export class DatagramRoute implements PortableRoute {
  readonly #options: RouteOptions;
  readonly #tail: CurrentTargets;
  readonly #tally: Tally;
  /** By client, the longest unused first. */
  readonly #flows = new Map<FlowKey, Flow>();
  readonly #deps: FlowDeps;
  readonly #onClosed: () => void;
  #head: Socket | undefined;
  /** In its place where descriptors are served by hand. */
  #fdHead: FdDatagrams | undefined;
  /** Used last. */
  #last: Flow | undefined;
  #closed = false;
  #taken = 0;

  /** @param onClosed called once, when nothing of the route is left */
  constructor(options: RouteOptions, ways: Ways, counters: Counters, onClosed: () => void) {
    this.#options = options;
    this.#tally = new Tally(counters);
    this.#tail = new CurrentTargets(options, ways);
    this.#onClosed = onClosed;
    this.#deps = {
      options,
      tail: this.#tail,
      tally: this.#tally,
      onAnswer: (flow) => this.#use(flow),
      onEnd: (flow) => this.#forget(flow),
    };
  }

  async listen(socket: OwnedFd): Promise<void> {
    const { pump } = this.#tail.ways;
    if (pump === undefined) return void (await this.#bind({ fd: socket.release() }));
    await this.unlisten();
    if (this.#closed) return socket[Symbol.dispose]();
    this.#fdHead = pump.datagrams(socket, {
      onDatagram: (data, source) => this.#forwardFrom(data, source),
      onError: () => undefined,
    });
  }

  async listenOn(address: ListenAddress): Promise<ListenAddress> {
    const head = await this.#bind(address);
    const bound = head.address();
    return { host: bound.address, port: bound.port };
  }

  async #bind(where: ListenAddress | { readonly fd: number }): Promise<Socket> {
    await this.unlisten();
    const head = await bindDatagram(where);
    // somebody else may have been faster, or the route closed
    await this.unlisten();
    if (this.#closed) {
      head.close();
      throw new WormholeError('WH_ERR_ABORTED', 'the route was closed');
    }
    head.on('message', (data, { address, port }) => this.#forward(data, address, port));
    this.#head = head;
    return head;
  }

  /** Flows go on, but their answers are dropped until there is a head again. */
  unlisten(): Promise<void> {
    this.#head?.close();
    this.#head = undefined;
    this.#fdHead?.[Symbol.dispose]();
    this.#fdHead = undefined;
    return Promise.resolve();
  }

  retarget(targets: Targets): Promise<void> {
    return Promise.resolve().then(() => this.#tail.replace(targets));
  }

  stats(): RouteStats {
    return this.#tally.stats(this.#tail.pool.health());
  }

  /** Without a head no answer can reach a client, so there is nothing to drain. */
  async close(_drainMs: number): Promise<void> {
    await this.unlisten();
    if (this.#closed) return;
    this.#closed = true;
    for (const flow of this.#flows.values()) flow.end('closed-by-daemon', '');
    this.#tail.close();
    this.#onClosed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(0);
  }

  take(client: Client): void {
    client.failed({ reason: 'local-error', detail: 'the wormhole takes datagrams' });
  }

  takeFlow(end: DatagramEnd, from: string): void {
    if (this.#closed) {
      end.close();
      return;
    }
    const flow = this.#open({
      key: `taken ${++this.#taken}`,
      from,
      send: (data, report) => sendThrough(end, data, report),
      close: () => end.close(),
    });
    end.onDatagram((data) => {
      this.#use(flow);
      flow.forward(data);
    });
    end.onClose(() => flow.end('done', ''));
  }

  #forward(data: Buffer, address: string, port: number): void {
    const key = `${address} ${port}`;
    const flow = this.#flows.get(key) ?? this.#open(this.#client(key, address, port));
    this.#use(flow);
    flow.forward(data);
  }

  #forwardFrom(data: Buffer, source: DatagramSource): void {
    const { key } = source;
    const flow = this.#flows.get(key) ?? this.#open(this.#clientFrom(source));
    this.#use(flow);
    flow.forward(data);
  }

  /** Without a head its answers are dropped. */
  #clientFrom(source: DatagramSource): FlowClient {
    const { host, port } = source.endpoint();
    const name = source.name();
    let there: { readonly head: FdDatagrams; readonly to: Destination } | undefined;
    return {
      key: source.key,
      from: endpointText(host, port),
      send: (data, report) => {
        const head = this.#fdHead;
        if (head === undefined) return report.dropped(1);
        // The head may be another by now.
        if (there?.head !== head) there = { head, to: head.destination(report, name) };
        head.send(data, there.to);
      },
      close: () => there?.head.flush(),
    };
  }

  /** Without a head its answers are dropped. */
  #client(key: string, address: string, port: number): FlowClient {
    return {
      key,
      from: endpointText(address, port),
      send: (data, report) => {
        if (this.#head === undefined) report.dropped(1);
        else sendDatagram(this.#head, data, { address, port }, report);
      },
    };
  }

  #open(client: FlowClient): Flow {
    const [oldest] = this.#flows.values();
    const { maxConns } = this.#options;
    if (oldest !== undefined && maxConns > 0 && this.#flows.size >= maxConns) {
      oldest.end('closed-by-daemon', `evicted: ${maxConns} flows at once`);
    }
    const flow = new Flow(client, this.#deps);
    this.#use(flow);
    return flow;
  }

  /** The one used last goes last. One without a target may have ended at once. */
  #use(flow: Flow): void {
    if (flow.ended || flow === this.#last) return;
    const { key } = flow.client;
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    this.#last = flow;
  }

  #forget(flow: Flow): void {
    if (this.#last === flow) this.#last = undefined;
    const { key } = flow.client;
    if (this.#flows.get(key) === flow) this.#flows.delete(key);
  }
}
