/**
 * All lanes of this process: which links have one, and what both ends do for it. See docs/protocol.md, "Lanes".
 *
 * The end that dialed a link dials its lane as well, so that a host behind a NAT has lanes. Both ends must want one: the engine
 * is native code, and nobody but the people of this machine decides whether it runs. Owns the engine.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Incoming } from '../link/incoming.ts';
import type { Link } from '../link/link.ts';
import type { LinksOptions } from '../link/links-options.ts';
import { asWormholeError, noLanes } from '../link/reasons.ts';
import type { QuicAddress, QuicEngine } from '../quic/engine.ts';
import { LaneDialing } from './dialing.ts';
import { Lane } from './lane.ts';
import { LaneListening } from './listening.ts';
import { readCertificate } from './own-certificate.ts';
import { termsMessage } from './terms.ts';

export interface LanesOptions {
  /** Id of this daemon. */
  readonly host: string;
  /** Does the configuration want one, of a link that the peer has dialed? */
  readonly wants: (link: Link) => boolean;
  /** Where this end listens for lanes, of links that came to its address `local`. */
  readonly addressFor: (local: string) => QuicAddress;
  readonly onChange: (link: Link, carrier: 'quic' | 'tls', reason: string) => void;
  /** Somebody was turned away at that address. */
  readonly onRefused: (address: string, reason: string) => void;
  readonly engine: () => Promise<QuicEngine>;
}

interface Entry {
  readonly lane: Lane;
  readonly dialing: LaneDialing | undefined;
  /** Of the end that is dialed: takes no more connections. */
  forget: (() => void) | undefined;
  /** How often the peer has asked. */
  asks: number;
}

export class Lanes {
  readonly #options: LanesOptions;
  readonly #listening: LaneListening;
  readonly #entries = new Map<Link, Entry>();
  #loading: Promise<QuicEngine> | undefined;

  constructor(options: LanesOptions) {
    this.#options = options;
    const { host, onRefused } = options;
    this.#listening = new LaneListening({ host, onRefused, engine: () => this.#engine() });
  }

  /** The same options, with lanes beside the links. */
  beside(options: LinksOptions): LinksOptions {
    const { onStream } = options;
    return {
      ...options,
      onUp: (link) => {
        this.#up(link, onStream);
        options.onUp(link);
      },
      onResumed: (link) => {
        options.onResumed(link);
        this.#entries.get(link)?.dialing?.hurry();
      },
      onDraining: (link) => {
        options.onDraining(link);
        this.#drain(link);
      },
      onOver: (link, reason) => {
        this.#over(link);
        options.onOver(link, reason);
      },
      onStream: (link, incoming) => {
        const { head } = incoming;
        if (head.kind === 'quic') void this.#asked(link, incoming, head.certificate);
        else onStream(link, incoming);
      },
    };
  }

  async close(): Promise<void> {
    for (const link of this.#entries.keys()) this.#over(link);
    await this.#listening.close();
    const engine = await this.#loading?.catch(() => undefined);
    await engine?.[Symbol.asyncDispose]();
  }

  /** Loaded with the first lane. */
  #engine(): Promise<QuicEngine> {
    this.#loading ??= this.#options.engine();
    return this.#loading;
  }

  #up(link: Link, onStream: LinksOptions['onStream']): void {
    const { host, wants, onChange } = this.#options;
    if (link.hello?.role !== 'daemon' || !(link.dialed ? link.quic : wants(link))) return;
    const waits = link.dialed ? 'it is being dialed' : 'the peer has not asked for QUIC';
    const lane = new Lane({ link, onStream, onChange }, waits);
    const dialing = link.dialed ? new LaneDialing(link, lane, host, () => this.#engine()) : undefined;
    this.#entries.set(link, { lane, dialing, forget: undefined, asks: 0 });
    link.lane = lane;
    void dialing?.run();
  }

  /** The peer, which dialed the link, wants to dial the lane as well. Of several asks the last one counts. */
  async #asked(link: Link, incoming: Incoming, certificate: string): Promise<void> {
    const entry = this.#entries.get(link);
    if (entry === undefined) return incoming.refuse(noLanes());
    entry.asks += 1;
    const ask = entry.asks;
    try {
      if (link.dialed) throw new WormholeError('WH_ERR_PROTOCOL', 'who was dialed does not dial the lane');
      const local = link.connection.localAddress?.replace(/^::ffff:(?=\d+\.)/i, '');
      if (local === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the link has no connection now');
      entry.forget?.();
      entry.forget = undefined;
      // Without it an end that comes meanwhile would not be seen.
      const stream = incoming.duplex;
      const address = this.#options.addressFor(local);
      const { port, forget } = await this.#listening.expect(address, readCertificate(certificate), (connection) => {
        void entry.lane.carry(connection);
      });
      if (this.#entries.get(link) !== entry || stream.destroyed) return forget();
      if (entry.asks !== ask) {
        forget();
        return incoming.refuse(new WormholeError('WH_ERR_ABORTED', 'QUIC was asked for again meanwhile'));
      }
      incoming.accept();
      entry.forget = (): void => {
        forget();
        stream.end();
      };
      // Open as long as the peer may come.
      stream.once('end', () => stream.end()).once('close', forget);
      stream.resume().write(termsMessage(this.#listening.certificate, port));
    } catch (error) {
      const reason = asWormholeError(error);
      if (entry.asks === ask) entry.lane.missing(reason.message);
      incoming.refuse(reason);
    }
  }

  /** The link ends with its last stream: that of the terms stays until the lane has none. */
  #drain(link: Link): void {
    const entry = this.#entries.get(link);
    entry?.lane.drain(() => {
      entry.dialing?.stop();
      entry.forget?.();
      entry.lane.close();
    });
  }

  #over(link: Link): void {
    const entry = this.#entries.get(link);
    if (entry === undefined) return;
    this.#entries.delete(link);
    entry.dialing?.stop();
    entry.forget?.();
    entry.lane.close();
  }
}
