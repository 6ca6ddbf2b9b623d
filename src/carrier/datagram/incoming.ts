/**
 * From a packet that anybody may have sent to frames that the peer has sealed for us, once.
 *
 * What a packet claims is asked about first and believed after it was authenticated: until then nothing changes but a
 * counter, and the cost is at most one attempt to open it.
 */
import type { ChannelCounters } from './channel-stats.ts';
import { headerBytes, readHeader } from './packet.ts';
import type { ReceiveKeys } from './receive-keys.ts';
import { ReplayWindow } from './replay-window.ts';
import type { Aead } from './seal.ts';

export class Incoming {
  readonly #keys: ReceiveKeys;
  readonly #counters: ChannelCounters;
  readonly #aead: Aead;
  readonly #window = new ReplayWindow();
  /** Of the packet that was opened last. */
  epoch = 0;
  /** It was the latest that the peer has sent, of those that came. */
  newest = false;

  constructor(aead: Aead, keys: ReceiveKeys, counters: ChannelCounters) {
    this.#aead = aead;
    this.#keys = keys;
    this.#counters = counters;
  }

  /** @returns the frames, which may be volatile; undefined for a packet that is not authentic, or not for the first time */
  open(packet: Buffer, now: number): Buffer | undefined {
    const header = readHeader(packet);
    if (header === undefined) return undefined;
    const { epoch, generation, number } = header;
    const key = this.#keys.find(epoch, generation);
    if (key === undefined) {
      this.#counters.unknownKey += 1;
      return undefined;
    }
    if (!this.#window.isFresh(number)) {
      this.#counters.replayed += 1;
      return undefined;
    }
    const plain = this.#aead.open(key, number, packet, headerBytes);
    if (plain === undefined) {
      this.#counters.forged += 1;
      return undefined;
    }
    this.epoch = epoch;
    this.newest = number > this.#window.highest;
    this.#window.mark(number);
    this.#keys.opened(epoch, generation, now);
    this.#counters.packetsIn += 1;
    return plain;
  }
}
