/**
 * Batches of datagrams: one recvmmsg(2) in, one sendmmsg(2) per run of datagrams that go the same way, out of the very
 * memory they came into.
 *
 *   struct mmsghdr (64 bytes)   name:8 namelen:4 · iov:8 iovlen:8 · control:8 controllen:8 · flags:4 · len:4
 *   struct iovec   (16 bytes)   base:8 len:8
 *
 * Layout of 64-bit Linux, little-endian. Everything is allocated once per worker; pages that no large datagram ever
 * touched cost nothing.
 */
import { MSG_DONTWAIT, MSG_NOSIGNAL } from './constants.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';

/** Largest UDP payload over IPv4; over IPv6 20 bytes more fit. */
export const DATAGRAM_MAX = 65_535;
/**
 * Bytes from one datagram to the next. Not a round number: at 64 KiB apart (and at 65,535, unaligned as well) all of
 * them compete for the same cache sets. 21 cache lines further each, they are spread evenly.
 */
const STRIDE = 65_536 + 21 * 64;
const HEADER = 64;
const IOVEC = 16;
const NAME = 32;
const CONTROL = 64;

// Offsets within a header, as indexes of 32-bit words.
const NAME_AT = 0;
const NAME_LENGTH_AT = 2;
const IOV_AT = 4;
const IOV_COUNT_AT = 6;
const CONTROL_AT = 8;
const CONTROL_LENGTH_AT = 10;
const FLAGS_AT = 12;
const LENGTH_AT = 14;
const WORDS = HEADER / 4;

/** Up to `capacity` datagrams. */
export class DatagramBatch {
  readonly capacity: number;
  readonly #data: NativeMemory;
  /** Receive headers and their vectors. */
  readonly #incoming: HeaderBlock;
  /** Send headers over the same data. */
  readonly #outgoing: HeaderBlock;
  readonly #names: NativeMemory;
  readonly #controls: NativeMemory;
  /** One name and one control for all that is sent. */
  readonly #to: NativeMemory;
  readonly #from: NativeMemory;
  #toLength = 0;
  #fromLength = 0;
  /** Datagrams that came, and were not made ready again. */
  #used = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#data = new NativeMemory(capacity * STRIDE);
    this.#names = new NativeMemory(capacity * NAME);
    this.#controls = new NativeMemory(capacity * CONTROL);
    this.#to = new NativeMemory(NAME);
    this.#from = new NativeMemory(CONTROL);
    this.#incoming = new HeaderBlock(capacity, this.#data.address);
    this.#outgoing = new HeaderBlock(capacity, this.#data.address);
    for (let i = 0; i < capacity; i++) {
      this.#incoming.setName(i, this.#names.address + i * NAME, NAME);
      this.#incoming.setControl(i, this.#controls.address + i * CONTROL, CONTROL);
      this.#incoming.setLength(i, DATAGRAM_MAX);
      this.#outgoing.setName(i, this.#to.address, 0);
      this.#outgoing.setControl(i, this.#from.address, 0);
    }
  }

  /** @returns how many arrived, or `-errno` */
  receive(fd: number): number {
    // Whoever took the last ones was interrupted by a fault: the next one's senders would be cut.
    if (this.#used > 0) this.rearm(this.#used);
    const count = libc.recvmmsg(fd, this.#incoming.address, this.capacity, MSG_DONTWAIT);
    this.#used = Math.max(count, 0);
    for (let i = 0; i < count; i++) this.#outgoing.setLength(i, this.#incoming.received(i));
    return count;
  }

  /** Length of datagram `i` in bytes. */
  length(i: number): number {
    return this.#incoming.received(i);
  }

  /** Bytes of datagram `i`, valid until the next {@link receive}. */
  bytes(i: number): Buffer {
    const start = i * STRIDE;
    return this.#data.buffer.subarray(start, start + this.length(i));
  }

  /** Sender's sockaddr of datagram `i`, valid until the next {@link receive}. */
  get names(): NativeMemory {
    return this.#names;
  }

  /** Offset of datagram `i`'s sockaddr in {@link names}. */
  nameAt(i: number): number {
    return i * NAME;
  }

  /** Ancillary data of datagram `i`: cmsghdr { len:8 level:4 type:4 } data. */
  get controls(): NativeMemory {
    return this.#controls;
  }

  controlAt(i: number): number {
    return i * CONTROL;
  }

  /** Bytes of ancillary data of datagram `i`, valid until {@link rearm}. */
  controlLength(i: number): number {
    return this.#incoming.controlLength(i);
  }

  /** Makes datagrams `first` … ready to be received into again: the kernel has overwritten the lengths it was given. */
  rearm(count: number): void {
    this.#used = 0;
    this.#incoming.rearm(count, NAME, CONTROL);
  }

  /** What follows is sent to `name` (empty on a connected socket), from the address in `control` (empty = any). */
  address(name: Buffer, control: Buffer): void {
    if (name.length > 0) this.#to.buffer.set(name);
    if (control.length > 0) this.#from.buffer.set(control);
    if (name.length === this.#toLength && control.length === this.#fromLength) return;
    this.#toLength = name.length;
    this.#fromLength = control.length;
    for (let i = 0; i < this.capacity; i++) this.#outgoing.setLengths(i, name.length, control.length);
  }

  /** Puts a datagram from elsewhere at place `i`, to be sent. */
  fill(i: number, bytes: Uint8Array): void {
    this.#data.buffer.set(bytes, i * STRIDE);
    this.#outgoing.setLength(i, bytes.length);
  }

  /** Sends datagrams `first` … `first + count - 1`. @returns how many were taken, or `-errno` of the first */
  send(fd: number, first: number, count: number): number {
    return libc.sendmmsg(fd, this.#outgoing.addressOf(first), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/** `count` mmsghdr with one iovec each. */
export class HeaderBlock {
  readonly address: number;
  readonly #headers: Uint32Array;
  readonly #vectors: Uint32Array;

  constructor(count: number, data: number) {
    const headers = new NativeMemory(count * HEADER);
    const vectors = new NativeMemory(count * IOVEC);
    this.address = headers.address;
    this.#headers = new Uint32Array(headers.view.buffer);
    this.#vectors = new Uint32Array(vectors.view.buffer);
    for (let i = 0; i < count; i++) {
      setPointer(this.#vectors, i * 4, data + i * STRIDE);
      setPointer(this.#headers, i * WORDS + IOV_AT, vectors.address + i * IOVEC);
      this.#headers[i * WORDS + IOV_COUNT_AT] = 1;
    }
  }

  /** Where header `i` stands. */
  addressOf(i: number): number {
    return this.address + i * HEADER;
  }

  /** Where the bytes of message `i` begin. */
  setBase(i: number, pointer: number): void {
    setPointer(this.#vectors, i * 4, pointer);
  }

  setName(i: number, pointer: number, length: number): void {
    setPointer(this.#headers, i * WORDS + NAME_AT, pointer);
    this.#headers[i * WORDS + NAME_LENGTH_AT] = length;
  }

  setControl(i: number, pointer: number, length: number): void {
    setPointer(this.#headers, i * WORDS + CONTROL_AT, pointer);
    this.#headers[i * WORDS + CONTROL_LENGTH_AT] = length;
  }

  setLengths(i: number, name: number, control: number): void {
    this.#headers[i * WORDS + NAME_LENGTH_AT] = name;
    this.#headers[i * WORDS + CONTROL_LENGTH_AT] = control;
  }

  setLength(i: number, length: number): void {
    this.#vectors[i * 4 + 2] = length;
  }

  received(i: number): number {
    return this.#headers[i * WORDS + LENGTH_AT] as number;
  }

  controlLength(i: number): number {
    return this.#headers[i * WORDS + CONTROL_LENGTH_AT] as number;
  }

  rearm(count: number, name: number, control: number): void {
    for (let at = 0; at < count * WORDS; at += WORDS) {
      this.#headers[at + NAME_LENGTH_AT] = name;
      this.#headers[at + CONTROL_LENGTH_AT] = control;
      this.#headers[at + FLAGS_AT] = 0;
    }
  }
}

function setPointer(words: Uint32Array, at: number, pointer: number): void {
  words[at] = pointer % 2 ** 32;
  words[at + 1] = Math.floor(pointer / 2 ** 32);
}
