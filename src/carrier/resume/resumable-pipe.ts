/**
 * A pipe of bytes that outlives its connections: what the other end has not acknowledged is kept, and goes over the next one.
 *
 *                 attach                       lost                    attach within the deadline
 *     (new) ─────────────► connected ────────────────► waiting ────────────────────────────────► connected …
 *                             │ both ends ended, all acknowledged  │ deadline, abort
 *                             └──────────────► over ◄──────────────┘
 *
 * Owns its connection and the bytes; who may attach one is decided in `redial.ts` and `accept.ts`. No byte is lost or
 * doubled, because a connection that was replaced is fenced off before offsets are compared.
 */
import { WormholeError } from '../../lib/errors.ts';
import { kept } from '../../lib/volatile.ts';
import { type BytePipe, type Clock, type PipeUser, systemClock } from '../byte-pipe.ts';
import { Epochs } from './epochs.ts';
import { type ResumeLimits, resumeDefaults } from './limits.ts';
import { Liveness } from './liveness.ts';
import type { ResumablePipeOptions } from './options.ts';
import { Outgoing } from './outgoing.ts';
import { minSecretBytes, type Role, sessionIdOf } from './proof.ts';
import { ackRecord, RecordType, record, unexpected } from './record.ts';
import type { Wire, WireOwner } from './wire.ts';

export class ResumablePipe implements BytePipe, WireOwner {
  readonly role: Role;
  readonly secret: Buffer;
  readonly id: Buffer;
  readonly epochs: Epochs;

  readonly #options: ResumablePipeOptions;
  readonly #limits: ResumeLimits;
  readonly #clock: Clock;
  readonly #out: Outgoing;
  readonly #stopTicking: () => void;
  #wire: Wire | undefined;
  #user: PipeUser | undefined;
  /** What came before `start`. */
  #early: Buffer[] | undefined = [];
  #received = 0;
  #told = 0;
  #peerEnded = false;
  #over = false;
  #error: WormholeError | undefined;
  readonly #liveness: Liveness;
  #lostAt: number;
  /** Milliseconds that it waits for another connection; may be changed. */
  deadlineMs: number;

  constructor(options: ResumablePipeOptions) {
    if (options.secret.length < minSecretBytes) throw new WormholeError('WH_ERR_INTERNAL', 'the secret is too short');
    this.role = options.role;
    this.secret = options.secret;
    this.id = sessionIdOf(options.secret);
    this.#options = options;
    this.#limits = { ...resumeDefaults, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#lostAt = this.#clock.now();
    this.deadlineMs = this.#limits.deadlineMs;
    this.#liveness = new Liveness(this.#limits, this.#lostAt);
    this.#out = new Outgoing(this.#limits, () => this.#withData(), options.memory);
    this.epochs = new Epochs(options.role);
    this.#stopTicking = this.#clock.every(this.#limits.tickMs, () => this.#tick());
  }

  /** Bytes that have come, the end included; what a new connection goes on at. */
  get received(): number {
    return this.#received;
  }

  get connected(): boolean {
    return this.#wire !== undefined;
  }
  get over(): boolean {
    return this.#over;
  }
  get kept(): number {
    return this.#out.bytes;
  }

  start(user: PipeUser): void {
    this.#user = user;
    for (const slice of this.#early ?? []) user.onBytes(slice);
    this.#early = undefined;
    if (this.#peerEnded) user.onEnd();
    if (this.#over) user.onClose(this.#error);
  }

  write(slices: readonly Buffer[]): boolean {
    if (this.#over || this.#out.ended) return false;
    return this.#out.write(slices);
  }

  soon(run: () => void): true {
    if (this.#wire?.soon(run) === undefined) setImmediate(run);
    return true;
  }
  end(): void {
    if (!this.#out.ended && !this.#over) this.#out.end();
  }
  /** Gives the session up, at both ends. */
  destroy(): void {
    this.fail(new WormholeError('WH_ERR_ABORTED', 'the session was given up'));
  }
  /** Cuts the present connection off: nothing of it counts from here on. */
  fence(): void {
    const wire = this.#detach();
    if (wire !== undefined) this.#lostAt = this.#clock.now();
    wire?.fence();
  }

  /** True when the other end may go on at `offset`. */
  canGoOnAt(offset: number): boolean {
    return this.#out.acknowledge(offset);
  }

  /**
   * Goes on over `wire`, which it takes.
   *
   * @param offset bytes that the other end has received; `canGoOnAt` said yes
   */
  attach(wire: Wire, epoch: number, offset: number): void {
    this.epochs.current = epoch;
    this.#wire = wire;
    wire.owner = this;
    this.#told = this.#received;
    this.#liveness.begin(this.#clock.now());
    this.#out.goOn(wire, offset);
    if (this.#complete) this.#wire?.end();
    else this.#maybeDrained();
  }

  /** The other end needs nothing any more. */
  closeIfComplete(): void {
    if (this.#complete) this.#finish();
  }

  /** Ends the session with an error, at both ends. */
  fail(error: WormholeError): void {
    const wire = this.#detach();
    wire?.farewell(record(RecordType.abort), this.#clock);
    this.#finish(error);
  }

  onData(slice: Buffer): void {
    this.#liveness.heard();
    if (this.#peerEnded) return this.onWrong('sent bytes after its end');
    this.#received += slice.length;
    if (this.#received - this.#told >= this.#limits.ackBytes) this.#tell();
    if (this.#early === undefined) this.#user?.onBytes(slice);
    else this.#early.push(kept(slice));
  }

  onRecord(type: number, body: Buffer): void {
    this.#liveness.heard();
    if (type === RecordType.ack && body.length === 8) return this.#acknowledged(Number(body.readBigUInt64BE(0)));
    if (type === RecordType.end && body.length === 0) return this.#ended();
    if (type !== RecordType.abort) return this.onWrong(unexpected(type, body));
    this.fail(new WormholeError('WH_ERR_ABORTED', 'the peer gave the session up'));
  }

  onWrong(sentence: string): void {
    this.fail(new WormholeError('WH_ERR_PROTOCOL', `the peer ${sentence}`));
  }

  onDrain(): void {
    this.#out.connectionDrained();
    this.#maybeDrained();
  }
  onLost(reason: string, clean: boolean): void {
    this.fence();
    // Unless the other end has closed, too, it may need to be told once more that everything came.
    if (clean) this.closeIfComplete();
    if (!this.#over) this.#options.onLost?.(reason);
  }

  get #complete(): boolean {
    return this.#peerEnded && this.#out.arrived;
  }

  #maybeDrained(): void {
    if (!this.#over && this.#out.drained()) this.#user?.onDrain();
  }

  /** Data leaves: an acknowledgement that would be due before long goes with it. */
  #withData(): Buffer | undefined {
    this.#liveness.spoke(this.#clock.now());
    return this.#received - this.#told < this.#limits.ackBytes / 8 ? undefined : this.#acknowledgement();
  }

  #acknowledgement(): Buffer {
    this.#told = this.#received;
    return ackRecord(this.#told);
  }

  #tell(): void {
    this.#liveness.spoke(this.#clock.now());
    this.#wire?.send(this.#acknowledgement());
  }

  #acknowledged(offset: number): void {
    if (!this.#out.acknowledge(offset)) return this.onWrong('acknowledged what it was never sent');
    if (this.#complete) this.#wire?.end();
    else this.#maybeDrained();
  }

  #ended(): void {
    if (this.#peerEnded) return this.onWrong('ended twice');
    this.#peerEnded = true;
    this.#received += 1;
    this.#tell();
    if (this.#complete) this.#wire?.end();
    this.#user?.onEnd();
  }

  #tick(): void {
    const now = this.#clock.now();
    const { silenceMs } = this.#limits;
    const verdict = this.#liveness.tick(now);
    if (this.#wire === undefined) {
      if (now - this.#lostAt >= this.deadlineMs) this.#expire();
    } else if (verdict === 'lost') {
      this.onLost(`nothing came for ${silenceMs} ms`, false);
    } else if (verdict === 'speak' || this.#received > this.#told) {
      this.#tell();
    }
  }

  #detach(): Wire | undefined {
    const wire = this.#wire;
    this.#wire = undefined;
    this.#out.detach();
    return wire;
  }

  #expire(): void {
    this.closeIfComplete();
    const late = `the connection to the peer was lost and not replaced within ${this.deadlineMs} ms`;
    this.#finish(new WormholeError('WH_ERR_TIMEOUT', late));
  }

  #finish(error?: WormholeError): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#stopTicking();
    this.epochs.abandon();
    this.#options.onOver?.();
    this.#user?.onClose(error);
  }
}
