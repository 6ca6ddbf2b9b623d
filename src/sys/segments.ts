/**
 * Packets on their way out: written one behind the other into native memory, and handed to the kernel as few messages of
 * many segments (UDP_SEGMENT, udp(7)), all of them with one sendmmsg(2).
 *
 *   memory    │ packet │ packet │ pack │ packet │ packet │ …
 *   messages  └──── to A, 1350 each ───┘ └── to B ──┘
 *
 * A run is of packets to one destination that are equally long, but for the last, which may be shorter. What a kernel or
 * device does not take as a run is sent one by one, and packets as long to there are not made runs of any more: none at all
 * under IPsec (EIO), none that are cut on their way (EMSGSIZE, EINVAL of older kernels). What cannot be sent is dropped: this is UDP.
 */
import { IPPROTO_UDP, MSG_DONTWAIT, MSG_NOSIGNAL, UDP_SEGMENT } from './constants.ts';
import { Errno } from './errno.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import { HeaderBlock } from './mmsg.ts';

/** Where a packet goes; compared by identity. */
export interface Destination {
  /** sockaddr, empty on a connected socket. */
  readonly name: Buffer;
  /** Ancillary data with the source address, empty = the kernel's choice. */
  readonly control: Buffer;
  /** Bytes of the largest packets that can go there in runs, once that is known; 0 = none can. Kept here for the batch. */
  largest?: number;
  /** The kernel refused. Sends nothing. @returns true when the same may be tried again, once, with what is here then */
  trouble?(errno: number): boolean;
  /** So many packets of together so many bytes have left. Sends nothing. */
  sent?(packets: number, bytes: number): void;
  /** So many packets of at most `size` bytes were lost; told last, so it may send again. @param errno EAGAIN = no room */
  lost?(packets: number, size: number, errno: number): void;
}

interface Loss {
  readonly destination: Destination;
  readonly packets: number;
  readonly size: number;
  readonly errno: number;
}

/** The kernel's limits are 64 segments (older ones) and 65,507 bytes. */
const SEGMENTS_MAX = 60;
const RUN_BYTES = 65_000;
/** What passes everywhere (RFC 8200: 1,280 with headers): if not even this does, it is not for its length. */
const SMALL_BYTES = 1_232;
const NAME = 32;
/** in6_pktinfo takes 40 bytes, the segment size 24. */
const CONTROL = 64;
const CMSG_SEGMENT = 24;

interface Run {
  destination: Destination;
  start: number;
  bytes: number;
  segment: number;
  count: number;
  /** No packet may follow: the last was shorter. */
  full: boolean;
  /** Was in trouble before. */
  retried: boolean;
}

export class SegmentBatch {
  readonly #data: NativeMemory;
  readonly #headers: HeaderBlock;
  readonly #names: NativeMemory;
  readonly #controls: NativeMemory;
  readonly #runs: Run[] = [];
  readonly #messages: number;
  #used = 0;
  #sent = 0;
  #losses: Loss[] = [];

  /** @param size bytes of packets @param messages runs */
  constructor(size: number, messages: number) {
    this.#messages = messages;
    this.#data = new NativeMemory(size);
    this.#names = new NativeMemory(messages * NAME);
    this.#controls = new NativeMemory(messages * CONTROL);
    this.#headers = new HeaderBlock(messages, this.#data.address);
  }

  /** Bytes of packets that wait. */
  get bytes(): number {
    return this.#used;
  }

  /** Packets that wait for the kernel? */
  get empty(): boolean {
    return this.#runs.length === 0;
  }

  /** Where the next packet, of at most `size` bytes, is to be written; undefined when there is no room before a flush. */
  space(size: number): Buffer | undefined {
    if (this.#used + size > this.#data.size || this.#runs.length >= this.#messages) return undefined;
    return this.#data.buffer.subarray(this.#used, this.#used + size);
  }

  /** Copies a packet of up to 64 KiB. @returns false when there is no room before a flush */
  add(packet: Uint8Array, destination: Destination): boolean {
    if (this.#used + packet.length > this.#data.size || this.#runs.length >= this.#messages) return false;
    this.#data.buffer.set(packet, this.#used);
    this.commit(packet.length, destination);
    return true;
  }

  /** The packet in the last {@link space} is `length` bytes long and goes to `destination`. */
  commit(length: number, destination: Destination): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && joins(last, length, destination)) {
      last.bytes += length;
      last.count += 1;
      last.full = length < last.segment;
    } else {
      const run = {
        destination,
        start: this.#used,
        bytes: length,
        segment: length,
        count: 1,
        full: false,
        retried: false,
      };
      this.#runs.push(run);
    }
    this.#used += length;
  }

  /** Gives everything to the kernel. @returns false when the socket is full: flush again later */
  flush(fd: number): boolean {
    for (let at = this.#sent; at < this.#runs.length; at += 1) this.#prepare(at);
    while (this.#sent < this.#runs.length) {
      const left = this.#runs.length - this.#sent;
      const taken = libc.sendmmsg(fd, this.#headers.addressOf(this.#sent), left, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken > 0) this.#taken(taken);
      else if (-taken === Errno.EAGAIN || -taken === Errno.ENOBUFS) return false;
      else if (-taken !== Errno.EINTR) this.#refused(fd, this.#runs[this.#sent] as Run, -taken);
    }
    this.clear();
    return true;
  }

  /** As {@link flush}, but nothing waits: what a full socket does not take is lost. */
  flushOrDrop(fd: number): void {
    if (!this.flush(fd)) {
      for (const run of this.#runs.slice(this.#sent)) this.#lost(run, run.count, run.segment, Errno.EAGAIN);
      this.clear();
    }
  }

  /** Forgets what has not been sent. */
  clear(): void {
    this.#runs.length = 0;
    this.#used = 0;
    this.#sent = 0;
    const losses = this.#losses;
    if (losses.length === 0) return;
    this.#losses = [];
    for (const { destination, packets, size, errno } of losses) destination.lost?.(packets, size, errno);
  }

  #taken(count: number): void {
    for (const end = this.#sent + count; this.#sent < end; this.#sent += 1) {
      const run = this.#runs[this.#sent] as Run;
      run.destination.sent?.(run.count, run.bytes);
    }
  }

  #lost({ destination }: Run, packets: number, size: number, errno: number): void {
    if (destination.lost !== undefined) this.#losses.push({ destination, packets, size, errno });
  }

  #prepare(at: number): void {
    const { destination, start, bytes, segment, count } = this.#runs[at] as Run;
    const { name, control } = destination;
    this.#names.buffer.set(name, at * NAME);
    this.#controls.buffer.set(control, at * CONTROL);
    let length = control.length;
    if (count > 1) {
      const { view } = this.#controls;
      const here = at * CONTROL + length;
      view.setBigUint64(here, 18n, true);
      view.setInt32(here + 8, IPPROTO_UDP, true);
      view.setInt32(here + 12, UDP_SEGMENT, true);
      view.setUint16(here + 16, segment, true);
      length += CMSG_SEGMENT;
    }
    this.#headers.setName(at, name.length === 0 ? 0 : this.#names.address + at * NAME, name.length);
    this.#headers.setControl(at, length === 0 ? 0 : this.#controls.address + at * CONTROL, length);
    this.#headers.setBase(at, this.#data.address + start);
    this.#headers.setLength(at, bytes);
  }

  #refused(fd: number, run: Run, errno: number): void {
    // Of an earlier packet, and told once; or something that its owner has set right.
    const again = run.destination.trouble?.(errno) === true || errno === Errno.ECONNREFUSED;
    if (again && !run.retried) {
      run.retried = true;
      this.#prepare(this.#sent);
      return;
    }
    if (run.count === 1) this.#lost(run, 1, run.bytes, errno);
    else this.#oneByOne(fd, run, errno);
    this.#sent += 1;
  }

  /** Not as a run. What fails even so is lost. */
  #oneByOne(fd: number, run: Run, errno: number): void {
    const at = this.#sent;
    const { destination, segment } = run;
    let tooLarge = false;
    this.#headers.setControl(at, this.#controls.address + at * CONTROL, destination.control.length);
    for (let from = 0; from < run.bytes; from += segment) {
      const size = Math.min(segment, run.bytes - from);
      this.#headers.setBase(at, this.#data.address + run.start + from);
      this.#headers.setLength(at, size);
      const taken = libc.sendmmsg(fd, this.#headers.addressOf(at), 1, MSG_DONTWAIT | MSG_NOSIGNAL);
      tooLarge ||= -taken === Errno.EMSGSIZE;
      if (taken > 0) destination.sent?.(1, size);
      else this.#lost(run, 1, size, -taken);
    }
    // Too large even so: its owner will make smaller ones.
    if (tooLarge) return;
    const forLength = errno === Errno.EMSGSIZE || (errno === Errno.EINVAL && segment > SMALL_BYTES);
    destination.largest = forLength ? Math.max(segment - 1, 0) : 0;
  }
}

function joins(run: Run, length: number, destination: Destination): boolean {
  // An empty one is no segment.
  if (run.full || run.destination !== destination || length > run.segment || length === 0) return false;
  if (run.segment > (destination.largest ?? RUN_BYTES)) return false;
  return run.count < SEGMENTS_MAX && run.bytes + length <= RUN_BYTES;
}
