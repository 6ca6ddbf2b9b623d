/**
 * A lane: the QUIC connection beside a link, which carries the link's connections while it is there.
 *
 *   no connection ──carry──► streams go here ──lost──► streams of it break, new ones go over the link
 *
 * The same at both ends. Owns its connection; how one comes about is the business of `dialing.ts` and `listening.ts`.
 */
import type { ByteStream } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import { takeFrame } from '../link/frame.ts';
import { parseHead, type StreamHead } from '../link/head.ts';
import { Incoming } from '../link/incoming.ts';
import type { Link } from '../link/link.ts';
import type { LinkLane } from '../link/link-lane.ts';
import { askOn } from '../link/opening.ts';
import { asWormholeError } from '../link/reasons.ts';
import { usedUp } from '../memory.ts';
import { QuicByteStream } from '../quic/byte-stream.ts';
import type { QuicConnection, QuicStream } from '../quic/engine.ts';
import { Doubt } from './doubt.ts';

/** Milliseconds for the head of a stream. */
const headMs = 10_000;
/** Streams whose head has not come. */
const silentMost = 256;
/** A peer that was not heard of for so many milliseconds, though it is asked every two seconds, is asked nothing new here. */
const staleMs = 3_500;
/** Milliseconds between looks whether the last stream is over. */
const lookMs = 200;

export interface LaneOptions {
  readonly link: Link;
  readonly onStream: (link: Link, incoming: Incoming) => void;
  /** Another carrier, or the same for the first time. */
  readonly onChange: (link: Link, carrier: 'quic' | 'tls', reason: string) => void;
}

export class Lane implements LinkLane {
  readonly #options: LaneOptions;
  #connection: QuicConnection | undefined;
  #told: 'quic' | 'tls' | undefined;
  #reason: string;
  readonly #doubt: Doubt;
  #silent = 0;
  #draining = false;
  #idle: (() => void) | undefined;
  #look: NodeJS.Timeout | undefined;

  /** @param reason why there is no connection yet */
  constructor(options: LaneOptions, reason: string) {
    this.#options = options;
    this.#reason = reason;
    this.#doubt = new Doubt(() => options.link.rttMs);
  }

  get carrier(): 'quic' | 'tls' {
    return this.#connection === undefined ? 'tls' : 'quic';
  }

  get reason(): string {
    return this.#reason;
  }

  get streams(): number {
    return this.#connection?.streams ?? 0;
  }

  /** Takes a connection whose certificates were compared with those that were told. @returns a promise of its end, and why */
  carry(connection: QuicConnection): Promise<string> {
    const before = this.#connection;
    this.#connection = connection;
    this.#tell('quic', '');
    connection.onStream((stream) => void this.#serve(stream));
    before?.close();
    return new Promise((resolve) => {
      connection.onClose((reason) => {
        const why = reason?.message ?? 'the peer has closed it';
        if (this.#connection === connection) this.missing(why);
        resolve(why);
      });
    });
  }

  /** There is no connection, or none any more. */
  missing(reason: string): void {
    this.#connection = undefined;
    this.#tell('tls', reason);
  }

  open({ kind }: StreamHead): QuicByteStream | undefined {
    const connection = this.#connection;
    if (kind !== 'connection' || connection === undefined || this.#draining) return undefined;
    if (performance.now() - connection.heardAt > staleMs || this.#doubt.about(connection)) return undefined;
    const opened = connection.openStream();
    if (opened === undefined) return undefined;
    const stream = new QuicByteStream(opened, true, this.#options.link.memory);
    this.#doubt.opened(connection, stream);
    return stream;
  }

  async ask(head: StreamHead, signal: AbortSignal): Promise<readonly [ByteStream, Buffer] | undefined> {
    signal.throwIfAborted();
    const stream = this.open(head);
    if (stream === undefined) return undefined;
    try {
      return await askOn(stream, head, signal);
    } catch (error) {
      // Nothing of the client's was sent: where the lane broke instead of answering, the link may ask once more.
      if (signal.aborted || isAnswer(error)) throw error;
      return undefined;
    }
  }

  /** No more streams. Calls `idle` when the last one is over. */
  drain(idle: () => void): void {
    this.#draining = true;
    this.#idle ??= idle;
    clearInterval(this.#look);
    this.#look = setInterval(() => this.#lookAround(), lookMs);
    this.#lookAround();
  }

  close(): void {
    clearInterval(this.#look);
    this.#doubt.stop();
    this.#draining = true;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  #lookAround(): void {
    if (this.streams > 0) return;
    clearInterval(this.#look);
    this.#idle?.();
  }

  async #serve(stream: QuicStream): Promise<void> {
    if (this.#silent >= silentMost) return stream.abort(0);
    const { link, onStream } = this.#options;
    const carried = new QuicByteStream(stream, false, link.memory);
    this.#silent += 1;
    try {
      const { value, rest } = await takeFrame(carried, headMs).finally(() => void (this.#silent -= 1));
      const head = parseHead(value);
      if (head.kind !== 'connection') throw new WormholeError('WH_ERR_PROTOCOL', 'only connections travel over QUIC');
      if (link.memory.full) throw usedUp();
      onStream(link, new Incoming(carried, head, rest));
    } catch (error) {
      if (!carried.closed) new Incoming(carried, undefined, Buffer.alloc(0)).refuse(asWormholeError(error));
    }
  }

  #tell(carrier: 'quic' | 'tls', reason: string): void {
    this.#reason = reason;
    if (this.#told === carrier || this.#draining) return;
    this.#told = carrier;
    this.#options.onChange(this.#options.link, carrier, reason);
  }
}

/** Said by the peer, in its words or against the rules. */
function isAnswer(error: unknown): boolean {
  return WormholeError.is(error) && (error.detail['peer'] === true || error.code === 'WH_ERR_PROTOCOL');
}
