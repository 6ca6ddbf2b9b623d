/**
 * The end of a lane that dials: it asks for the terms on the link, dials, and does so again when the connection is lost, with
 * growing pauses, as long as the link is up.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { Link } from '../link/link.ts';
import { formatPeer } from '../peer.ts';
import { defaultTransport } from '../quic/config.ts';
import type { QuicConnection, QuicEngine } from '../quic/engine.ts';
import { peerAlpn } from '../quic/framing.ts';
import type { Lane } from './lane.ts';
import { laneName, makeCertificate } from './own-certificate.ts';
import { type Terms, takeTerms } from './terms.ts';

/** Milliseconds between dials: first and last; each up to a half shorter by chance. */
const pauseMs = [500, 60_000] as const;
/** Milliseconds that a connection has to last to count as one. */
const lastingMs = 10_000;
const keepAliveMs = 2_000;
const handshakeMs = 5_000;

/** Bytes of streams that may be open at once bound the memory: more go over the link. */
export const laneTransport = { ...defaultTransport, alpn: [peerAlpn], streams: 4_096 };

export class LaneDialing {
  readonly #link: Link;
  readonly #lane: Lane;
  readonly #engine: () => Promise<QuicEngine>;
  readonly #stopped = new AbortController();
  readonly #own;
  #hurry = new AbortController();
  #asked: { readonly stream: Duplex; readonly terms: Terms } | undefined;

  /** @param host id of this daemon */
  constructor(link: Link, lane: Lane, host: string, engine: () => Promise<QuicEngine>) {
    this.#link = link;
    this.#lane = lane;
    this.#engine = engine;
    this.#own = makeCertificate('client', host);
  }

  /** Resolves when it is stopped, or there is no hope. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    let pause: number = pauseMs[0];
    while (!signal.aborted) {
      const since = performance.now();
      try {
        await this.#lane.carry(await this.#dial(signal));
        if (performance.now() - since >= lastingMs) pause = pauseMs[0];
      } catch (error) {
        if (signal.aborted) break;
        this.#lane.missing(error instanceof Error ? error.message : String(error));
        if (isFinal(error)) break;
      }
      await this.#rest(pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, pauseMs[1]);
    }
    this.#asked?.stream.destroy();
  }

  /** The network may be another one. */
  hurry(): void {
    this.#hurry.abort();
    this.#hurry = new AbortController();
  }

  stop(): void {
    this.#stopped.abort(new WormholeError('WH_ERR_ABORTED', 'the link is being closed'));
    this.hurry();
  }

  async #dial(signal: AbortSignal): Promise<QuicConnection> {
    const engine = await this.#engine();
    const { pem, der, port } = await this.#terms(signal);
    const host = this.#link.connection.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '');
    if (host === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the link has no connection now');
    let connection: QuicConnection;
    try {
      connection = await engine.connect({
        address: { host, port },
        serverName: laneName(this.#link.hello?.host ?? ''),
        credentials: { ca: pem, cert: this.#own.cert, key: this.#own.key },
        transport: laneTransport,
        keepAliveMs,
        handshakeMs,
        signal,
      });
    } catch (cause) {
      if (signal.aborted || !WormholeError.is(cause)) throw cause;
      throw new WormholeError(cause.code, `UDP to ${formatPeer(host, port)}: ${cause.message}`, { cause });
    }
    if (connection.peer.certificate.equals(der)) return connection;
    connection.close();
    throw new WormholeError('WH_ERR_PEER_AUTH', 'the certificate over QUIC is not the one that the peer has told');
  }

  /** Asked for once, as long as the stream for them is open. */
  async #terms(signal: AbortSignal): Promise<Terms> {
    if (this.#asked !== undefined && !this.#asked.stream.destroyed) return this.#asked.terms;
    const stream = await this.#link.openStream({ kind: 'quic', certificate: this.#own.told }, signal);
    try {
      const terms = await takeTerms(stream);
      this.#asked = { stream, terms };
      // The peer ends it when it takes no more connections.
      stream.once('end', () => stream.destroy()).resume();
      return terms;
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => undefined);
  }
}

/** The engine is absent, or the peer does not want to or does not know what this is: neither changes while the link is up. */
function isFinal(error: unknown): boolean {
  return WormholeError.is(error) && (error.code === 'WH_ERR_UNSUPPORTED' || error.code === 'WH_ERR_PROTOCOL');
}
