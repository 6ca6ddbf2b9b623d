/**
 * A portable data plane whose targets are at the far end of a link, by hand: the test answers what the plane asks.
 *
 *     client ─ plane ─ mux ─ session that is resumed ═══ session ─ mux ─ the test
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { frame } from '../../src/carrier/link/frame.ts';
import { headMessage, type StreamHead } from '../../src/carrier/link/head.ts';
import type { Incoming } from '../../src/carrier/link/incoming.ts';
import { meet } from '../../src/carrier/link/meeting.ts';
import { askOn, openOn } from '../../src/carrier/link/opening.ts';
import { MuxSession } from '../../src/carrier/mux/session.ts';
import type { MuxStream } from '../../src/carrier/mux/stream.ts';
import { streamDuplex } from '../../src/carrier/mux/stream-duplex.ts';
import { acceptSession } from '../../src/carrier/resume/accept.ts';
import { beginSession, redialSession } from '../../src/carrier/resume/redial.ts';
import type { ResumablePipe } from '../../src/carrier/resume/resumable-pipe.ts';
import { socketPipe } from '../../src/carrier/socket-pipe.ts';
import { openIpListener } from '../../src/proxy/head/listener.ts';
import { type PortableDataPlane, startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import type { Pump } from '../../src/proxy/portable/pump.ts';
import { Raw } from '../../src/proxy/portable/raw.ts';
import type { ConnectionRecord, Route } from '../../src/proxy/route.ts';
import { link } from './link-world.ts';
import { connectTo, type Peer } from './relay-peer.ts';
import { until } from './relay-wait.ts';
import { plainRoute } from './route-options.ts';
import { socketPair } from './socket-pair.ts';

const head: StreamHead = { kind: 'connection', guest: 'db', from: '', hops: 1 };
/** Bytes of the message that each stream begins with. */
export const headBytes = frame(headMessage(head)).length;

/** See the module header. */
export class OpeningWorld implements AsyncDisposable {
  readonly records: ConnectionRecord[] = [];
  /** Streams that were opened, before anybody looks at them. */
  readonly streams: MuxStream[] = [];
  /** How many of them were opened the long way. */
  long = 0;
  /** What became of a connection that was cut. */
  resumed = 0;
  #pair: [Socket, Socket] | undefined;
  #near: ResumablePipe | undefined;
  #far: ResumablePipe | undefined;
  #nearMux: MuxSession | undefined;
  #farMux: MuxSession | undefined;
  #plane: PortableDataPlane | undefined;
  #route: Route | undefined;
  #port = 0;

  static async make(pump: Pump): Promise<OpeningWorld> {
    const world = new OpeningWorld();
    await world.#dial();
    await world.#listen(pump);
    return world;
  }

  async #dial(): Promise<void> {
    this.#pair = await socketPair();
    const [dialed, accepted] = this.#pair;
    const exporter = randomBytes(32);
    acceptSession(socketPipe(accepted), {
      exporter,
      find: (id) => (this.#far?.id.equals(id) === true ? this.#far : undefined),
      session: {},
      onSession: (session) => {
        this.#far = session;
        this.#farMux = this.#mux(session, false);
      },
      onResumed: () => (this.resumed += 1),
      onRefused: () => undefined,
    });
    if (this.#near === undefined) {
      this.#near = beginSession(socketPipe(dialed), { secret: exporter, onLost: () => void this.#dial() });
      this.#nearMux = this.#mux(this.#near, true);
    } else redialSession(this.#near, socketPipe(dialed), { exporter, onResumed() {}, onFailed() {} });
  }

  #mux(session: ResumablePipe, dialed: boolean): MuxSession {
    return new MuxSession(session, {
      dialed,
      onStream: (stream) => void this.streams.push(stream),
      onClose: () => undefined,
      limits: { deadAfterMs: Number.POSITIVE_INFINITY },
    });
  }

  async #listen(pump: Pump): Promise<void> {
    this.#plane = await startPortableDataPlane({
      pump,
      raw: new Raw(),
      openLink: (_address, _from, user) => ({ stream: openOn(this.#mine.openStream(), head, user), early: true }),
      link: (_address, _from, signal) => this.#open(signal),
    });
    this.#route = await this.#plane.open({
      ...plainRoute,
      maxConns: 0,
      onClosed: (record) => this.records.push(record),
    });
    await this.#route.retarget({ targets: [link], validForMs: Number.POSITIVE_INFINITY });
    const { socket, port } = openIpListener({ protocol: 'tcp', host: '127.0.0.1', port: 0 });
    await this.#route.listen(socket);
    this.#port = port;
  }

  get #mine(): MuxSession {
    if (this.#nearMux === undefined) throw new Error('there is no session');
    return this.#nearMux;
  }

  async #open(signal: AbortSignal): Promise<Duplex> {
    this.long += 1;
    const [stream, rest] = await askOn(this.#mine.openStream(), head, signal);
    return streamDuplex(stream, rest);
  }

  client(): Promise<Peer> {
    return connectTo({ host: '127.0.0.1', port: this.#port });
  }

  /** The n-th stream that was opened. */
  stream(n = 0): Promise<MuxStream> {
    return until(`stream ${n} was opened`, () => this.streams[n]);
  }

  /** The n-th stream with its head, ready to be answered. */
  async incoming(n = 0): Promise<Incoming> {
    const stream = await this.stream(n);
    return new Promise((resolve) =>
      meet(stream, {
        ms: 10_000,
        beginFlow: () => {
          throw new Error('no datagrams here');
        },
        onIncoming: resolve,
      }),
    );
  }

  /** The n-th connection to end. */
  record(n = 0): Promise<ConnectionRecord> {
    return until(`connection ${n} was recorded`, () => this.records[n]);
  }

  /** Cuts the connection under the session, which goes on over another. */
  cut(): void {
    this.#pair?.[0].destroy();
  }

  /** The far end takes no more streams. */
  drain(): void {
    this.#farMux?.close();
  }

  /** The session is over, without a word. */
  destroy(): void {
    this.#farMux?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plane?.[Symbol.asyncDispose]();
    this.#near?.destroy();
    this.#far?.destroy();
    for (const socket of this.#pair ?? []) socket.destroy();
  }
}
