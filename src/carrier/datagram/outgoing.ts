/**
 * From datagrams to sealed packets on their way: several small ones in one packet, a large one in several.
 *
 * What is packed waits for `flush`, at the end of the turn in which it was packed. Probes and answers go at once, each in a
 * packet of its own. Owns the packet numbers: one higher with each packet, whatever key it is sealed with.
 */
import type { ChannelCounters } from './channel-stats.ts';
import {
  datagramHead,
  FrameType,
  fragmentHead,
  tokenBytes,
  tokenFrame,
  writeDatagram,
  writeFragment,
  writeToken,
} from './frames.ts';
import { headerBytes, packetOverhead, writeHeader } from './packet.ts';
import type { PacketOwner, Remote } from './remote.ts';
import type { Aead } from './seal.ts';
import type { PacketKey, SendKeys } from './send-keys.ts';

/** Of a probe whose answer is not counted. */
const noToken = Buffer.alloc(tokenBytes);

export interface OutgoingOptions {
  readonly aead: Aead;
  readonly sessionId: Buffer;
  readonly keys: SendKeys;
  readonly counters: ChannelCounters;
  readonly owner: PacketOwner;
  /** Bytes of UDP payload that no packet will ever exceed. */
  readonly largest: number;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #plain: Buffer;
  readonly #head = Buffer.alloc(headerBytes);
  #capacity = 0;
  #length = 0;
  #number = 0;
  #lastId = 0;
  /** Where datagrams go. */
  remote: Remote | undefined;
  /** Datagrams that were cut into fragments. */
  fragmented = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#plain = Buffer.allocUnsafeSlow(options.largest - packetOverhead);
  }

  /** Bytes of UDP payload that a packet may have from now on. */
  resize(size: number): void {
    if (size - packetOverhead === this.#capacity) return;
    this.flush();
    this.#capacity = size - packetOverhead;
  }

  /** @returns true when it is the first of a packet that waits: somebody has to flush */
  datagram(flow: number, payload: Buffer): boolean {
    const needed = datagramHead + payload.length;
    if (needed > this.#capacity) {
      this.#fragments(flow, payload);
      return true;
    }
    if (needed > this.#capacity - this.#length) this.flush();
    const first = this.#length === 0;
    this.#length = writeDatagram(this.#plain, this.#length, flow, payload);
    return first;
  }

  /** Sends a PROBE, padded to `size` bytes of UDP payload. */
  probe(token: Buffer, size: number, to: Remote, key = this.#options.keys.current): void {
    this.flush();
    writeToken(this.#plain, 0, FrameType.probe, token);
    // What lay here before is nobody's business.
    const end = Math.max(tokenFrame, Math.min(size - packetOverhead, this.#plain.length));
    this.#plain.fill(FrameType.padding, tokenFrame, end);
    this.#send(end, key, to);
  }

  /** Shows the peer that we have the secret of a new epoch, if it has not shown so itself; an answer in it does. */
  announce(): void {
    const { waiting } = this.#options.keys;
    if (waiting !== undefined && this.remote !== undefined) this.probe(noToken, 0, this.remote, waiting);
  }

  pong(token: Buffer, to: Remote): void {
    this.flush();
    this.#send(writeToken(this.#plain, 0, FrameType.pong, token), this.#options.keys.current, to);
  }

  flush(): void {
    if (this.#length === 0) return;
    const length = this.#length;
    this.#length = 0;
    if (this.remote !== undefined) this.#send(length, this.#options.keys.current, this.remote);
  }

  #fragments(flow: number, payload: Buffer): void {
    this.fragmented += 1;
    this.#lastId = (this.#lastId + 1) >>> 0;
    const room = this.#capacity - fragmentHead;
    for (let offset = 0; offset < payload.length; offset += room) {
      this.flush();
      const end = Math.min(offset + room, payload.length);
      this.#length = writeFragment(this.#plain, 0, flow, this.#lastId, payload, offset, end);
    }
  }

  #send(length: number, { epoch, generation, key }: PacketKey, to: Remote): void {
    const { aead, sessionId, keys, counters, owner } = this.#options;
    this.#number += 1;
    writeHeader(this.#head, sessionId, { epoch, generation, number: this.#number });
    counters.packetsOut += 1;
    keys.used();
    to.send(aead.seal(key, this.#number, this.#head, this.#plain, length), owner);
  }
}
