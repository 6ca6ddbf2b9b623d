/**
 * A link: the session with one peer, from HELLO to its end, over as many connections as that takes.
 *
 *   connection ─► session (resume/) ─► mux ─► HELLO both ways ─► up ──► over
 *
 * Symmetric once it is up: both ends open streams, each with a head that says what it is for and an answer that says whether.
 * Owns the session. Which links there are, and their connections, is the business of `links.ts`.
 */
import type { Duplex } from 'node:stream';
import { WormholeError } from '../../lib/errors.ts';
import type { DatagramFlow } from '../datagram/flows.ts';
import type { LinkDatagrams } from '../datagram/link-datagrams.ts';
import type { StreamDatagramsUser } from '../datagram/stream-datagrams.ts';
import type { LinkShare } from '../memory.ts';
import { MuxSession } from '../mux/session.ts';
import type { MuxStream } from '../mux/stream.ts';
import { streamDuplex } from '../mux/stream-duplex.ts';
import type { CarrierPeer } from '../peer.ts';
import type { ResumablePipe } from '../resume/resumable-pipe.ts';
import type { SecureStream } from '../secure-stream.ts';
import { expectYes, noMessage, yes } from './answer.ts';
import { apiStream } from './api-stream.ts';
import { frame, takeFrame } from './frame.ts';
import type { StreamHead } from './head.ts';
import { type Hello, helloMessage, parseHello } from './hello.ts';
import type { BeginFlow } from './incoming.ts';
import type { LinkLane } from './link-lane.ts';
import type { LinkOptions, LinkUser } from './link-options.ts';
import { meet } from './meeting.ts';
import { askOn, type Opening, type OpeningUser, openOn } from './opening.ts';
import { asWormholeError, silent } from './reasons.ts';

/** Milliseconds for HELLO, from the beginning of the session, and for the head of a stream. */
const greetMs = 10_000;
/** Milliseconds that a refused peer has to read why. */
const lastWordsMs = 1_000;

export class Link {
  readonly number: number;
  readonly dialed: boolean;
  /** At the address of the present connection, or the last. */
  peer: CarrierPeer;
  readonly session: ResumablePipe;
  readonly memory: LinkShare;
  readonly datagrams: LinkDatagrams;
  /** The present one, or the last. */
  connection: SecureStream;
  /** Whoever dialed it wants a lane beside it. */
  readonly quic: boolean;
  /** Beside it, if there is one: connections go there as long as it takes them. */
  lane: LinkLane | undefined;
  readonly #user: LinkUser;
  readonly #mux: MuxSession;
  #hello: Hello | undefined;
  #skewMs = 0;
  #refusal: WormholeError | undefined;
  /** Aborts when HELLO of an end that has dialed is late. */
  readonly #late = new AbortController();
  #lateTimer: NodeJS.Timeout | undefined;
  /** The peer has opened a stream. */
  #begun = false;
  /** What the peer opened after its HELLO, before that was read here. */
  #early: MuxStream[] = [];
  #draining = false;
  #over = false;

  constructor({ number, dialed, peer, session, memory, user, datagrams, connection, quic }: LinkOptions) {
    this.datagrams = datagrams;
    this.connection = connection;
    this.quic = quic;
    this.number = number;
    this.dialed = dialed;
    this.peer = peer;
    this.session = session;
    this.memory = memory;
    this.#user = user;
    this.#mux = new MuxSession(session, {
      dialed,
      memory,
      onStream: (stream) => this.#opened(stream),
      onDraining: () => this.#drained(),
      onClose: (reason) => this.#closed(reason),
      limits: { deadAfterMs: Number.POSITIVE_INFINITY }, // The pipe below replaces a silent connection.
    });
    if (dialed) void this.#greet();
    else this.#lateTimer = setTimeout(() => this.#silent(), greetMs);
  }

  /** Of the peer; undefined until it is up. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** Milliseconds that the peer's clock is ahead, as far as anybody can tell. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Milliseconds to the peer and back; undefined until measured. */
  get rttMs(): number | undefined {
    return this.#mux.rtt;
  }

  get streams(): number {
    return this.#mux.streams;
  }

  /** Streams can be opened; while its connection is being replaced they wait. */
  get open(): boolean {
    return this.#hello !== undefined && this.#mux.open;
  }

  get over(): boolean {
    return this.#over;
  }
  /** Milliseconds that one question and its answer took. @throws {WormholeError} when the link ends before */
  ping(): Promise<number> {
    return this.#mux.ping();
  }

  /**
   * Opens a stream, the caller's, and waits for the peer's yes.
   *
   * @throws {WormholeError} the peer's no in its own words, WH_ERR_LIMIT, WH_ERR_ABORTED; or the reason of `signal`
   */
  async openStream(head: StreamHead, signal: AbortSignal): Promise<Duplex> {
    const [stream, rest] = (await this.lane?.ask(head, signal)) ?? (await this.#ask(head, signal));
    // It may break before the caller has looked at it.
    return streamDuplex(stream, rest).on('error', () => {});
  }

  /** As {@link openStream}, without a promise and a stream of Node.js. @throws {WormholeError} WH_ERR_LIMIT, WH_ERR_ABORTED */
  openBytes(head: StreamHead, user: OpeningUser): Opening {
    const onLane = this.lane?.open(head);
    // Of a lane that breaks nobody knows whether the other end had begun.
    return { stream: openOn(onLane ?? this.#mux.openStream(), head, user), early: onLane === undefined };
  }

  /** To the control API, see `api-stream.ts`. @throws {WormholeError} WH_ERR_ABORTED */
  openApi(): Duplex {
    return apiStream(this.#mux.openStream());
  }

  /** As {@link openStream}, for the datagrams of one client. */
  async openFlow(head: StreamHead, user: StreamDatagramsUser, signal: AbortSignal): Promise<DatagramFlow> {
    const [stream, rest] = await this.#ask(head, signal);
    return this.datagrams.flows.add(stream, rest, user);
  }

  async #ask(head: StreamHead, signal: AbortSignal): Promise<readonly [MuxStream, Buffer]> {
    signal.throwIfAborted();
    return await askOn(this.#mux.openStream(), head, signal);
  }

  /** No more streams; over when the last one is. */
  drain(): void {
    this.#drained();
    this.#mux.close();
  }

  /** Ends it now, and its streams with it. */
  destroy(reason: WormholeError): void {
    this.#mux.destroy(reason);
    this.session.destroy();
  }

  async #greet(): Promise<void> {
    const sentMs = Date.now();
    try {
      const stream = this.#mux.openStream();
      stream.write(frame(helloMessage(this.#user.hello())));
      const { value } = await takeFrame(stream, greetMs);
      expectYes(value);
      const hello = parseHello(value);
      this.#skewMs = Math.round(hello.timeMs - (sentMs + Date.now()) / 2);
      await this.#user.greeted(this, hello);
      stream.end();
      this.#up(hello);
    } catch (error) {
      this.destroy(asWormholeError(error));
    }
  }

  /** Takes the first stream of a session that the peer dialed. */
  async #beGreeted(stream: MuxStream): Promise<void> {
    stream.accept();
    try {
      const { value } = await takeFrame(stream, Number.POSITIVE_INFINITY, this.#late.signal);
      clearTimeout(this.#lateTimer);
      const hello = parseHello(value);
      this.#skewMs = Math.round(hello.timeMs - Date.now());
      await this.#user.greeted(this, hello);
      stream.write(frame({ ...yes, ...helloMessage(this.#user.hello()) }));
      stream.end();
      this.#up(hello);
    } catch (error) {
      this.#refuse(stream, asWormholeError(error));
    }
  }

  /** Who has begun to speak is told so. */
  #silent(): void {
    if (this.#begun) this.#late.abort(silent(greetMs));
    else this.destroy(silent(greetMs));
  }

  /** The peer is told why; who does not hang up is hung up on. */
  #refuse(stream: MuxStream, error: WormholeError): void {
    if (this.#hello !== undefined) return this.destroy(error); // It was answered already.
    this.#refusal = error;
    stream.write(frame(noMessage(error)));
    stream.end();
    setTimeout(() => this.destroy(error), lastWordsMs).unref();
  }

  #up(hello: Hello): void {
    if (this.#over) return;
    this.#hello = hello;
    this.#user.onUp(this);
    for (const stream of this.#early.splice(0)) this.#serve(stream);
    // Said before anybody knew who it is.
    if (this.#draining) this.#user.onDraining(this);
  }

  #opened(stream: MuxStream): void {
    if (this.#hello !== undefined) this.#serve(stream);
    else if (this.dialed) this.#early.push(stream);
    else if (this.#begun) stream.reset();
    else void this.#beGreeted(stream);
    this.#begun = true;
  }

  #serve(stream: MuxStream): void {
    const beginFlow: BeginFlow = (early, user) => this.datagrams.flows.add(stream, early, user);
    meet(stream, { ms: greetMs, beginFlow, onIncoming: (incoming) => this.#user.onStream(this, incoming) });
  }

  #drained(): void {
    if (this.#draining || this.#over) return;
    this.#draining = true;
    this.#user.onDraining(this);
  }

  #closed(reason: WormholeError | undefined): void {
    this.#over = true;
    this.datagrams.close();
    clearTimeout(this.#lateTimer);
    this.#user.onOver(this, this.#refusal ?? reason ?? new WormholeError('WH_ERR_ABORTED', 'the peer closed the link'));
  }
}
