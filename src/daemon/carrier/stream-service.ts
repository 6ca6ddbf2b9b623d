/**
 * Serves, in the carrier's thread, the streams that peers open: each goes to the route of its guest, or tells of guests.
 *
 * Also the other way: targets of that thread's data plane may be guests at the end of a link.
 */
import type { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import { maxHops, type StreamHead } from '../../carrier/link/head.ts';
import type { Incoming } from '../../carrier/link/incoming.ts';
import type { Link } from '../../carrier/link/link.ts';
import type { Links } from '../../carrier/link/links.ts';
import type { ServedHead, StreamServer } from '../../carrier/parts.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Passing, passingBytes } from '../../proxy/passing.ts';
import type { DatagramEnd } from '../../proxy/portable/datagram-end.ts';
import { startPortableDataPlane } from '../../proxy/portable/plane.ts';
import { Pump } from '../../proxy/portable/pump.ts';
import { Raw } from '../../proxy/portable/raw.ts';
import type { LinkAddress } from '../../proxy/portable/ways.ts';
import { type ServedPlane, servePlane } from '../../proxy/ported/server.ts';
import { keyOf } from '../peers/owner.ts';
import { Arrived } from './arrived.ts';
import { FlowEnd } from './flow-end.ts';
import { NoticeStreams } from './notice-streams.ts';
import type { ToStreams } from './streams.ts';

interface Arrival {
  readonly route: number;
  readonly identity: string;
}

export class StreamService implements StreamServer {
  readonly #port: MessagePort | undefined;
  readonly #links: Links;
  readonly #arrivals = new Map<string, Arrival>();
  #passing = new Passing(new SharedArrayBuffer(passingBytes));
  readonly #notices: NoticeStreams;
  #plane: Promise<ServedPlane> | undefined;
  #served: ServedPlane | undefined;

  constructor(port: MessagePort | undefined, links: Links) {
    this.#port = port;
    this.#links = links;
    this.#notices = new NoticeStreams((message) => port?.postMessage(message));
    port?.on('message', (message: ToStreams) => this.#hear(message));
  }

  onStream(link: Link, incoming: Incoming, head: ServedHead): void {
    if (head.kind === 'notices') return this.#notices.serve(link, incoming);
    const whose = { host: link.hello?.host ?? '', identity: link.peer.identity };
    const arrival = this.#arrivals.get(keyOf(head.guest, whose));
    // One answer for what does not exist and what is another's: it says nothing about what exists.
    const route = arrival?.identity === link.peer.identity ? this.#served?.route(arrival.route) : undefined;
    if (route === undefined) {
      return incoming.refuse(
        new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', `nothing called ${head.guest} runs here for you`),
      );
    }
    if (head.hops >= maxHops) {
      return incoming.refuse(
        new WormholeError('WH_ERR_SELF_PROXY', `the connection has come through ${head.hops} peers`),
      );
    }
    if (head.kind === 'datagrams') {
      const end = new FlowEnd();
      route.takeFlow(end.serve(incoming.acceptFlow(end.user)), head.from);
      return;
    }
    route.take(new Arrived(incoming, head.from, head.hops, this.#passing));
  }

  close(): void {
    void this.#plane?.then((plane) => plane.close());
    this.#port?.close();
  }

  #hear(message: ToStreams): void {
    switch (message.type) {
      case 'plane':
        this.#passing = new Passing(message.passing);
        this.#plane = this.#serve(message.port);
        return;
      case 'arrive':
        this.#arrivals.set(message.guest, message);
        return;
      case 'leave':
        this.#arrivals.delete(message.guest);
        return;
      case 'tell':
        return this.#notices.tell(message.link, message.notice);
      case 'all-told':
        return this.#notices.allTold(message.link);
      case 'listen': {
        const link = this.#links.get(message.link);
        if (!message.wanted) this.#notices.unlisten(message.link);
        else if (link !== undefined) this.#notices.listen(link);
        return;
      }
      case 'hush':
        return this.#notices.hush(message.link);
    }
  }

  async #serve(port: MessagePort): Promise<ServedPlane> {
    const plane = await startPortableDataPlane({
      link: (...what) => this.#open(...what),
      openLink: (to, from, user) => this.#link(to.link).openBytes(this.#headFor(to, from), user),
      flow: (...what) => this.#openFlow(...what),
      raw: new Raw(),
      pump: Pump.make(),
    });
    this.#served = servePlane(plane, port);
    return this.#served;
  }

  async #open({ link, ...to }: LinkAddress, from: string, signal: AbortSignal): Promise<Duplex> {
    return await this.#link(link).openStream(this.#headFor(to, from), signal);
  }

  /** @throws {WormholeError} WH_ERR_SELF_PROXY */
  #headFor({ guest, hops }: Pick<LinkAddress, 'guest' | 'hops'>, from: string): StreamHead {
    const passed = Math.max(hops, this.#passing.hopsOf(from) + 1);
    if (passed >= maxHops)
      throw new WormholeError('WH_ERR_SELF_PROXY', `the connection has come through ${passed} peers, and goes round`);
    return { kind: 'connection', guest, from, hops: passed };
  }

  async #openFlow({ link, guest, hops }: LinkAddress, from: string, signal: AbortSignal): Promise<DatagramEnd> {
    const end = new FlowEnd();
    const head = { kind: 'datagrams', guest, from, hops } as const;
    return end.serve(await this.#link(link).openFlow(head, end.user, signal));
  }

  /** @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
  #link(number: number): Link {
    const link = this.#links.get(number);
    if (link === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the link to the peer is over');
    return link;
  }
}
