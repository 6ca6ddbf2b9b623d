/**
 * A session: many streams over one pipe, opened by either end, none of which can hold another.
 *
 * Symmetric: who dialed decides the parity of ids and nothing else. Owns the pipe and the streams. Ends by `close` (GOAWAY,
 * then when the last stream is over), by the peer's doing (it went, died, or broke the protocol) or by `destroy`; each
 * time in one `onClose` with the reason. What a stream is for is somebody else's (`docs/protocol.md`).
 */
import { unopened } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import { type BytePipe, type Clock, systemClock } from '../byte-pipe.ts';
import { type Held, streamCost, uncounted, usedUp } from '../memory.ts';
import { Flag, FrameType, GoAwayCode } from './frame.ts';
import { Keepalive } from './keepalive.ts';
import { type MuxLimits, muxDefaults } from './limits.ts';
import type { MuxOptions } from './options.ts';
import { Pings } from './pings.ts';
import { type GrowthBudget, ReceiveWindow } from './receive-window.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { MuxStream } from './stream.ts';
import type { StreamHost } from './stream-host.ts';
import { StreamTable } from './stream-table.ts';

const lingerMs = 1_000; // for last words

export class MuxSession {
  readonly #pipe: BytePipe;
  readonly #options: MuxOptions;
  readonly #limits: MuxLimits;
  readonly #clock: Clock;
  readonly #table: StreamTable;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #keepalive: Keepalive;
  readonly #pings = new Pings();
  readonly #streamHost: StreamHost;
  readonly #stopTicking: () => void;
  readonly #budget: GrowthBudget;
  readonly #memory: Held;
  #draining: 'no' | 'we' | 'peer' = 'no';
  #over = false;
  #pipeClosed = false;
  #destroyAt = Infinity;

  constructor(pipe: BytePipe, options: MuxOptions) {
    const limits: MuxLimits = { ...muxDefaults, ...options.limits };
    const clock = options.clock ?? systemClock;
    this.#pipe = pipe;
    this.#options = options;
    this.#limits = limits;
    const { memory = uncounted } = options;
    this.#memory = memory;
    this.#budget = { left: limits.maxGrowth, memory };
    this.#clock = clock;
    this.#table = new StreamTable(limits, options.dialed);
    this.#keepalive = new Keepalive(limits, clock.now());
    this.#sender = new Sender({ pipe, limits, clock, rtt: () => this.rtt });
    this.#streamHost = {
      memory,
      sendQueue: () => (memory.scarce ? Math.min(limits.scarceSendQueue, limits.sendQueue) : limits.sendQueue),
      holding: (stream) => memory.exhausted && stream.fail(usedUp(), true),
      ready: (stream) => this.#sender.ready(stream),
      flush: () => this.#sender.flush(),
      grantDue: (stream) => this.#sender.grantDue(stream),
      accepted: (stream) => this.#table.settle(stream),
      over: (stream, flags) => this.#streamOver(stream, flags),
    };
    this.#receiver = new Receiver({
      table: this.#table,
      maxFrame: limits.maxStreamWindow,
      opened: (id) => this.#opened(id),
      acknowledged: (stream) => {
        this.#table.settle(stream);
        this.#startWaiting();
      },
      ping: (answer, opaque) => this.#ping(answer, opaque),
      goAway: () => this.#goAway(),
      wrong: (sentence) => this.#wrong(sentence),
      end: (reason, code) => this.#end(reason, code),
    });
    this.#stopTicking = clock.every(limits.tickMs, () => this.#tick());
    pipe.start({
      onBytes: (bytes) => {
        this.#keepalive.heard();
        this.#receiver.push(bytes);
      },
      onDrain: () => this.#sender.drained(),
      onEnd: () => this.#pipeEnded(),
      onClose: (error) => this.#pipeOver(error),
    });
    this.#sendPing();
  }

  /** Milliseconds to the peer and back, the shortest of late; undefined until it answered. */
  get rtt(): number | undefined {
    return this.#keepalive.rtt;
  }

  /** Streams that are not over. */
  get streams(): number {
    return this.#table.size;
  }

  /** False when no stream can be opened any more. */
  get open(): boolean {
    return !this.#over && this.#draining === 'no';
  }

  /**
   * Opens a stream, at once as far as this end is concerned: what is written travels with the first frame.
   *
   * @throws {WormholeError} WH_ERR_LIMIT at too many streams; WH_ERR_ABORTED when the session is ending
   */
  openStream(): MuxStream {
    if (!this.open) throw new WormholeError('WH_ERR_ABORTED', 'the connection to the peer takes no more streams');
    const stream = this.#newStream(true);
    this.#table.addLocal(stream);
    this.#startWaiting();
    return stream;
  }

  /** Asks for a sign of life. @returns milliseconds it took; rejects when the session ends before */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => this.#sendPing(resolve, reject));
  }

  /** Opens and takes no more streams, and ends when the last one is over. */
  close(): void {
    if (this.#over || this.#draining === 'we') return;
    this.#draining = 'we';
    this.#sender.frame(FrameType.goAway, 0, 0, GoAwayCode.normal);
    this.#maybeDone();
  }

  /** Ends everything now. */
  destroy(reason = new WormholeError('WH_ERR_ABORTED', 'the connection to the peer was closed')): void {
    this.#end(reason, GoAwayCode.normal);
  }

  #newStream(local: boolean): MuxStream {
    this.#memory.add(streamCost);
    return new MuxStream(this.#streamHost, new ReceiveWindow(this.#budget, this.#limits.maxStreamWindow), local);
  }

  #startWaiting(): void {
    for (const stream of this.#table.startable()) this.#sender.ready(stream);
  }

  #opened(id: number): MuxStream | undefined {
    this.#table.use(id);
    const stream = this.#draining === 'we' ? undefined : this.#table.addRemote(id, () => this.#newStream(false));
    if (stream !== undefined) {
      this.#options.onStream(stream);
      return stream.closed ? undefined : stream;
    }
    if (!this.#sender.owe(FrameType.windowUpdate, Flag.rst, id, 0))
      this.#wrong('opens streams that it does not hear refused');
    return undefined;
  }

  #streamOver(stream: MuxStream, flags: number): void {
    this.#table.remove(stream);
    this.#memory.add(-streamCost);
    if (this.#over) return;
    if (flags !== 0) this.#sender.frame(FrameType.windowUpdate, flags, stream.id, 0);
    this.#startWaiting();
    this.#maybeDone();
  }

  #maybeDone(): void {
    if (this.#draining === 'we' && this.#table.size === 0) this.#end(undefined);
  }

  #sendPing(resolve?: (ms: number) => void, reject?: (reason: Error) => void): void {
    if (this.#over) {
      reject?.(new WormholeError('WH_ERR_ABORTED', 'the connection to the peer is over'));
      return;
    }
    this.#sender.frame(FrameType.ping, Flag.syn, 0, this.#pings.ask(this.#clock.now(), resolve, reject));
  }

  #ping(answer: boolean, opaque: number): void {
    if (!answer) {
      const heard = this.#sender.owe(FrameType.ping, Flag.ack, 0, opaque);
      return heard ? undefined : this.#wrong('sends pings without reading the answers');
    }
    const ms = this.#pings.answer(opaque, this.#clock.now());
    if (ms !== undefined) this.#keepalive.answered(ms);
  }

  #goAway(): void {
    if (this.#draining !== 'no') return;
    this.#draining = 'peer';
    const refused = new WormholeError('WH_ERR_ABORTED', 'the peer takes no more streams', unopened);
    for (const stream of this.#table.all()) if (stream.id === 0) stream.fail(refused, false);
    this.#options.onDraining?.();
  }

  #wrong(sentence: string): void {
    this.#end(new WormholeError('WH_ERR_PROTOCOL', `the peer ${sentence}`), GoAwayCode.protocolError);
  }

  #tick(): void {
    const now = this.#clock.now();
    if (this.#over) {
      if (now >= this.#destroyAt) this.#pipe.destroy();
      return;
    }
    const verdict = this.#keepalive.tick(now);
    if (verdict === 'ping') this.#sendPing();
    if (verdict !== 'dead') return;
    this.#end(new WormholeError('WH_ERR_TIMEOUT', `nothing came from the peer for ${this.#limits.deadAfterMs} ms`));
    this.#pipe.destroy();
  }

  #pipeEnded(): void {
    const early = new WormholeError('WH_ERR_ABORTED', 'the peer ended the connection');
    this.#end(this.#draining === 'peer' ? undefined : early);
  }

  #pipeOver(error?: Error): void {
    this.#pipeClosed = true;
    this.#stopTicking();
    const why = `the connection to the peer is lost${error === undefined ? '' : `: ${error.message}`}`;
    this.#end(new WormholeError('WH_ERR_ABORTED', why, { cause: error }));
  }

  /** Everything ends here, once. `code` goes to the peer if it can still hear. */
  #end(reason: WormholeError | undefined, code?: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.stop();
    if (code !== undefined) this.#sender.frame(FrameType.goAway, 0, 0, code);
    if (!this.#pipeClosed) this.#sender.stop();
    const why = reason ?? new WormholeError('WH_ERR_ABORTED', 'the connection to the peer was closed');
    for (const stream of this.#table.all()) stream.cut(why);
    this.#pings.fail(why);
    this.#destroyAt = this.#clock.now() + lingerMs;
    if (!this.#pipeClosed) this.#pipe.end();
    this.#options.onClose(reason);
  }
}
