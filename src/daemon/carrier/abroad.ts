/**
 * What wormholes need of other hosts, made when the first one needs it: the carrier, its data plane, and the peers.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { CarrierListener } from '../../carrier/listener.ts';
import type { LinkChange } from '../../carrier/messages.ts';
import { WormholeError } from '../../lib/errors.ts';
import { type PortedDataPlane, type PortedRoute, planeOver } from '../../proxy/ported/client.ts';
import { planeGone } from '../../proxy/ported/remote-route.ts';
import type { Route } from '../../proxy/route.ts';
import { guestCalls, Requests } from '../peers/guest-calls.ts';
import { Notices, type WatchGuests } from '../peers/notices.ts';
import type { Peers } from '../peers/peers.ts';
import type { Abroad } from '../surroundings.ts';
import type { StartOptions } from './start.ts';
import type { FromStreams, ToStreams } from './streams.ts';

export interface AbroadOptions extends Omit<StartOptions, 'streams' | 'onLink' | 'keys'> {
  /** PSK identity → key of those who may dial. @throws {WormholeError} WH_ERR_KEY_FILE */
  readonly keys: () => StartOptions['keys'];
  readonly onLink: (link: number, change: LinkChange) => void;
  /** Shared with the relay workers: see `proxy/passing.ts`. */
  readonly passing: SharedArrayBuffer;
  /** Who may open connections for a guest. */
  readonly ownerOf: (guest: string) => string | undefined;
  readonly watchGuests: WatchGuests;
  readonly peers: () => Peers;
  readonly tunnel: Abroad['tunnel'];
}

export interface CarrierAbroad extends Abroad, AsyncDisposable {
  /** Starts it; again is the same. @throws {WormholeError} WH_ERR_LISTEN, WH_ERR_KEY_FILE */
  carrier(): Promise<CarrierListener>;
  /** Takes no more connections and streams; those that are open go on. */
  stop(): Promise<void>;
  /** Lets connections end for `drainMs`, then ends the rest. */
  close(drainMs: number): Promise<void>;
}

export function abroadOf(options: AbroadOptions): CarrierAbroad {
  let line: Line | undefined;
  /** What is told to the carrier is about links and routes of it: without one there is nothing to be told. */
  const tell = (message: ToStreams): void => line?.tell(message);
  const notices = new Notices({ post: tell, watch: options.watchGuests, log: options.log });
  const onLink: AbroadOptions['onLink'] = (link, change) => {
    if (change.change === 'draining') notices.draining(link);
    options.onLink(link, change);
  };
  let starting: Promise<CarrierListener> | undefined;
  const start = async (): Promise<CarrierListener> => {
    // Loaded when needed: the carrier costs a thread and TLS.
    const { startCarrier } = await import('./start.ts');
    const keys = options.keys();
    // Ports are given away, so each attempt has its own.
    const attempt = new Line(options.passing, (message) => notices.hear(message));
    line = attempt;
    try {
      return await startCarrier({ ...options, onLink, keys, streams: attempt.theirs });
    } catch (error) {
      attempt[Symbol.dispose]();
      throw error;
    }
  };
  const carrier = (): Promise<CarrierListener> => {
    starting ??= start().catch((error: unknown) => {
      // A key file may be mended meanwhile, a port given back, a descriptor be free for the thread.
      starting = undefined;
      throw error;
    });
    return starting;
  };
  const close = async (drainMs: number): Promise<void> => {
    const started = await starting?.catch(() => undefined);
    await started?.close(drainMs);
    notices[Symbol.dispose]();
    line?.[Symbol.dispose]();
  };
  const requests = new Requests();
  const links = {
    openApi: async (link: number, signal: AbortSignal) => await (await carrier()).links.openApi(link, signal),
  };
  return {
    carrier,
    async stop() {
      (await starting?.catch(() => undefined))?.stop();
    },
    close,
    host: options.own.host,
    rttMs: async (link) => {
      const facts = await (await carrier()).links.facts(link).catch(() => undefined);
      return facts?.rttMs ?? null;
    },
    tunnel: options.tunnel,
    follow: (link, guest, onNotice) => notices.follow(link, guest, onNotice),
    plane: {
      open: async (route) => {
        (await carrier()).wake();
        if (line === undefined) throw planeGone();
        return await line.plane.open(route);
      },
    },
    arrive(guest, route: Route) {
      const identity = options.ownerOf(guest);
      if (identity === undefined) throw new WormholeError('WH_ERR_INTERNAL', `nobody owns ${guest}`);
      tell({ type: 'arrive', guest, route: (route as PortedRoute).number, identity });
      return { [Symbol.dispose]: () => tell({ type: 'leave', guest }) };
    },
    peer(address) {
      const peer = options.peers().at(address);
      return { peer, calls: guestCalls(peer, links, requests) };
    },
    callsTo: (link) => guestCalls({ name: link.name, up: () => Promise.resolve(link) }, links, requests),
    [Symbol.asyncDispose]: () => close(0),
  };
}

/** The line to the streams of a carrier's thread, and to the data plane there. */
class Line implements Disposable {
  /** For the thread. */
  readonly theirs: MessagePort;
  readonly plane: PortedDataPlane;
  readonly #streams: MessagePort;
  readonly #planePort: MessagePort;

  constructor(passing: SharedArrayBuffer, hear: (message: FromStreams) => void) {
    const streams = new MessageChannel();
    const plane = new MessageChannel();
    this.theirs = streams.port2;
    this.#streams = streams.port1;
    this.#streams.on('message', hear).unref();
    this.#planePort = plane.port1;
    this.plane = planeOver(plane.port1);
    this.tell({ type: 'plane', port: plane.port2, passing });
  }

  tell(message: ToStreams): void {
    this.#streams.postMessage(message, message.type === 'plane' ? [message.port] : []);
  }

  [Symbol.dispose](): void {
    for (const port of [this.#streams, this.#planePort]) port.close();
  }
}
