/**
 * The flows of one link: each is the datagrams of one client, and goes over the channel while its path is direct, over the
 * stream that the flow was opened with otherwise.
 *
 *     send ─► channel, under the stream's id ─┐             ┌─► onDatagram, whichever way they came
 *       └──► stream, when UDP is filtered ────┴── … ── … ──┘
 *
 * A flow is as old as its stream, and called by that stream's id, which no other stream of the link ever has. A datagram
 * takes one way only, and changes of the way are nobody's business: they may reorder datagrams, as any network does.
 */
import type { WormholeError } from '../../lib/errors.ts';
import { type Held, uncounted } from '../memory.ts';
import type { MuxStream } from '../mux/stream.ts';
import type { DatagramChannel } from './channel.ts';
import { StreamDatagrams, type StreamDatagramsUser } from './stream-datagrams.ts';

/** Of the flow of one client. */
export interface DatagramFlow {
  /** On the channel: the id of its stream. */
  readonly number: number;
  /** Datagrams that gave way to others, or could not be taken. */
  readonly dropped: number;
  /** Sends a datagram of up to 65,507 bytes; copies it. @returns false when it was not taken */
  send(payload: Buffer): boolean;
  /** Ends it, at the other end as well. Its user is told nothing more. */
  end(): void;
}

export class DatagramFlows {
  /** Undefined while, or where, there is none. */
  channel: Pick<DatagramChannel, 'send'> | undefined;
  readonly #flows = new Map<number, Flow>();
  readonly #held: Held;
  /** Datagrams that came by the channel for a flow that there is not (any more). */
  strays = 0;

  /** @param held is told what waits */
  constructor(held: Held = uncounted) {
    this.#held = held;
  }

  get size(): number {
    return this.#flows.size;
  }

  /**
   * Begins a flow, at either end: once the stream that it was asked for on was accepted.
   *
   * @param rest bytes of the stream that were read already
   */
  add(stream: MuxStream, rest: Buffer, user: StreamDatagramsUser): DatagramFlow {
    const flow = new Flow(stream.id, this, user, () => this.#flows.delete(stream.id));
    this.#flows.set(stream.id, flow);
    flow.begin(stream, rest, this.#held);
    return flow;
  }

  /** For `onDatagram` of the channel. */
  readonly deliver = (number: number, payload: Buffer): void => {
    const flow = this.#flows.get(number);
    if (flow === undefined) this.strays += 1;
    else flow.onDatagram(payload);
  };
}

class Flow implements DatagramFlow, StreamDatagramsUser {
  readonly number: number;
  readonly #flows: DatagramFlows;
  readonly #user: StreamDatagramsUser;
  readonly #gone: () => void;
  #stream: StreamDatagrams | undefined;
  #over = false;
  #refused = 0;

  constructor(number: number, flows: DatagramFlows, user: StreamDatagramsUser, gone: () => void) {
    this.number = number;
    this.#flows = flows;
    this.#user = user;
    this.#gone = gone;
  }

  get dropped(): number {
    return this.#refused + (this.#stream?.dropped ?? 0);
  }

  begin(stream: MuxStream, rest: Buffer, held: Held): void {
    this.#stream = new StreamDatagrams(stream, rest, this, held);
    // It may be over already.
    if (this.#over) this.#stream.end();
  }

  send(payload: Buffer): boolean {
    const taken =
      !this.#over && (this.#flows.channel?.send(this.number, payload) === true || this.#stream?.send(payload) === true);
    if (!taken) this.#refused += 1;
    return taken;
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone();
    this.#stream?.end();
  }

  onDatagram(payload: Buffer): void {
    if (!this.#over) this.#user.onDatagram(payload);
  }

  onOver(error?: WormholeError): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone();
    this.#user.onOver(error);
  }
}
