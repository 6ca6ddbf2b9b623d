/**
 * Packets on their way out: written one behind the other into native memory, and handed to the kernel as few messages of
 * many segments (UDP_SEGMENT, udp(7)), all of them with one sendmmsg(2).
 *
 *   memory    │ packet │ packet │ pack │ packet │ packet │ …
 *   messages  └──── to A, 1350 each ───┘ └── to B ──┘
 *
 * A run is of packets to one destination that are equally long, but for the last, which may be shorter. A kernel or
 * device that does not take a run (EIO under IPsec, EINVAL on a smaller MTU) gets its packets one by one from then on.
 * What cannot be sent is dropped: this is UDP.
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
}

/** The kernel's limits are 64 segments (older ones) and 65,507 bytes. */
const SEGMENTS_MAX = 60;
const RUN_BYTES = 65_000;
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
  /** False once the kernel refused a run. */
  segmentation = true;

  /** @param size bytes of packets @param messages runs */
  constructor(size: number, messages: number) {
    this.#messages = messages;
    this.#data = new NativeMemory(size);
    this.#names = new NativeMemory(messages * NAME);
    this.#controls = new NativeMemory(messages * CONTROL);
    this.#headers = new HeaderBlock(messages, this.#data.address);
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

  /** The packet in the last {@link space} is `length` bytes long and goes to `destination`. */
  commit(length: number, destination: Destination): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && this.segmentation && joins(last, length, destination)) {
      last.bytes += length;
      last.count += 1;
      last.full = length < last.segment;
    } else {
      this.#runs.push({ destination, start: this.#used, bytes: length, segment: length, count: 1, full: false });
    }
    this.#used += length;
  }

  /** Gives everything to the kernel. @returns false when the socket is full: flush again later */
  flush(fd: number): boolean {
    for (let at = this.#sent; at < this.#runs.length; at += 1) this.#prepare(at);
    while (this.#sent < this.#runs.length) {
      const left = this.#runs.length - this.#sent;
      const taken = libc.sendmmsg(fd, this.#headers.addressOf(this.#sent), left, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken > 0) this.#sent += taken;
      else if (-taken === Errno.EAGAIN || -taken === Errno.ENOBUFS) return false;
      else if (-taken !== Errno.EINTR) this.#refused(fd, this.#runs[this.#sent] as Run, this.#sent++);
    }
    this.clear();
    return true;
  }

  /** Forgets what has not been sent. */
  clear(): void {
    this.#runs.length = 0;
    this.#used = 0;
    this.#sent = 0;
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

  /** Not as a run: one by one. What fails even so is lost. */
  #refused(fd: number, run: Run, at: number): void {
    if (run.count === 1) return;
    this.segmentation = false;
    this.#headers.setControl(at, this.#controls.address + at * CONTROL, run.destination.control.length);
    for (let sent = 0; sent < run.bytes; sent += run.segment) {
      this.#headers.setBase(at, this.#data.address + run.start + sent);
      this.#headers.setLength(at, Math.min(run.segment, run.bytes - sent));
      libc.sendmmsg(fd, this.#headers.addressOf(at), 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }
}

function joins(run: Run, length: number, destination: Destination): boolean {
  if (run.full || run.destination !== destination || length > run.segment) return false;
  return run.count < SEGMENTS_MAX && run.bytes + length <= RUN_BYTES;
}
