/**
 * What every object of one relay worker shares: the loop, the relay, the dialer, and the line to the control plane.
 */
import { DatagramBatch } from '../../sys/mmsg.ts';
import type { FromRelay } from '../messages.ts';
import type { Passing } from '../passing.ts';
import { Headroom } from '../stream/headroom.ts';
import { Onward } from '../stream/onward.ts';
import { Pipes } from '../stream/pipes.ts';
import { Relay } from '../stream/relay.ts';
import { Dialer } from '../target/dialer.ts';
import { Loop } from './loop.ts';
import type { Neighbours } from './neighbours.ts';

const FAULT_MS = 1000;
/** Datagrams per system call. */
const BATCH = 32;

/** See the module header. */
export class RelayWorker {
  readonly loop: Loop;
  readonly relay = new Relay(new Pipes());
  readonly dialer = new Dialer();
  readonly headroom = new Headroom();
  readonly post: (message: FromRelay) => void;
  readonly neighbours: Neighbours;
  readonly onward: Onward;
  #datagrams: DatagramBatch | undefined;
  readonly #faults = new Map<string, number>();

  constructor(post: (message: FromRelay) => void, neighbours: Neighbours, passing: Passing) {
    this.post = post;
    this.neighbours = neighbours;
    this.onward = new Onward(passing);
    this.loop = new Loop(
      (error) => this.fault(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      neighbours,
    );
  }

  /** Memory for datagrams in flight, made when the first UDP route comes. */
  get datagrams(): DatagramBatch {
    return (this.#datagrams ??= new DatagramBatch(BATCH));
  }

  /** Tells the operator, at most once a second for the same message. */
  fault(message: string): void {
    const last = this.#faults.get(message);
    if (last !== undefined && this.loop.now - last < FAULT_MS) return;
    if (this.#faults.size > 100) this.#faults.clear();
    this.#faults.set(message, this.loop.now);
    this.post({ type: 'fault', message });
  }
}
