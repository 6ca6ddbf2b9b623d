/**
 * Puts datagrams together that came in fragments. Pure: is told of the time.
 *
 * Fragments may come in any order. One that comes twice is ignored; one that overlaps another, or tells another length,
 * spoils its datagram (RFC 5722). What is kept is what came, never what was announced; beyond the bounds the oldest
 * datagram gives way, and what is not whole in time is dropped.
 */
import { type Held, uncounted } from '../memory.ts';
import type { DatagramLimits } from './limits.ts';

/** Bytes that a fragment is charged beyond its memory. */
const pieceCost = 128;

interface Partial {
  readonly id: number;
  readonly flow: number;
  readonly whole: number;
  readonly since: number;
  /** By offset. */
  readonly pieces: Map<number, Buffer>;
  bytes: number;
  charged: number;
  /** Nothing of it is believed any more; it stays for its time, so that its other fragments begin nothing new. */
  spoiled: boolean;
}

export class Reassembly {
  readonly #limits: DatagramLimits;
  readonly #held: Held;
  /** By datagram id, the oldest first. */
  readonly #partials = new Map<number, Partial>();
  #charged = 0;
  /** Datagrams that were given up: spoiled, late, or in the way. */
  dropped = 0;

  /** @param held is told what is kept */
  constructor(limits: DatagramLimits, held: Held = uncounted) {
    this.#held = held;
    this.#limits = limits;
  }

  /** Bytes that are kept, and for how many datagrams. */
  get held(): { readonly bytes: number; readonly datagrams: number } {
    return { bytes: this.#charged, datagrams: this.#partials.size };
  }

  /** @param piece is kept. @returns the datagram when this made it whole */
  add(flow: number, id: number, whole: number, offset: number, piece: Buffer, now: number): Buffer | undefined {
    const partial = this.#partials.get(id) ?? this.#begin(flow, id, whole, now);
    if (partial.spoiled) return undefined;
    if (partial.flow !== flow || partial.whole !== whole || clashes(partial, offset, piece.length)) {
      this.#spoil(partial);
      return undefined;
    }
    if (partial.pieces.has(offset)) return undefined;
    const own = compact(piece);
    partial.pieces.set(offset, own);
    partial.bytes += own.length;
    this.#charge(partial, own.buffer.byteLength + pieceCost);
    if (partial.bytes === whole) return this.#finish(partial);
    this.#makeRoom();
    return undefined;
  }

  tick(now: number): void {
    for (const partial of this.#partials.values()) {
      // The distance, so that a clock that went back does not keep anything for longer.
      if (Math.abs(now - partial.since) < this.#limits.partialMs) return;
      this.#drop(partial);
    }
  }

  clear(): void {
    for (const partial of this.#partials.values()) this.#forget(partial);
  }

  #begin(flow: number, id: number, whole: number, now: number): Partial {
    const partial = { id, flow, whole, since: now, pieces: new Map(), bytes: 0, charged: 0, spoiled: false };
    this.#partials.set(id, partial);
    this.#charge(partial, pieceCost);
    return partial;
  }

  #finish(partial: Partial): Buffer {
    this.#forget(partial);
    const datagram = Buffer.allocUnsafeSlow(partial.whole);
    for (const [offset, piece] of partial.pieces) piece.copy(datagram, offset);
    return datagram;
  }

  #makeRoom(): void {
    const { partials, partialBytes, scarcePartialBytes } = this.#limits;
    const bytes = this.#held.scarce ? Math.min(scarcePartialBytes, partialBytes) : partialBytes;
    for (const oldest of this.#partials.values()) {
      if (this.#partials.size <= partials && this.#charged <= bytes) return;
      this.#drop(oldest);
    }
  }

  #charge(partial: Partial, bytes: number): void {
    partial.charged += bytes;
    this.#count(bytes);
  }

  #spoil(partial: Partial): void {
    partial.spoiled = true;
    partial.pieces.clear();
    this.#charge(partial, pieceCost - partial.charged);
    this.dropped += 1;
  }

  #drop(partial: Partial): void {
    this.#forget(partial);
    if (!partial.spoiled) this.dropped += 1;
  }

  #forget(partial: Partial): void {
    this.#partials.delete(partial.id);
    this.#count(-partial.charged);
  }

  #count(bytes: number): void {
    this.#charged += bytes;
    this.#held.add(bytes);
  }
}

/** The same bytes, in a copy when they hold far more memory than their own. */
function compact(piece: Buffer): Buffer {
  if (piece.buffer.byteLength <= 2 * piece.length) return piece;
  const own = Buffer.allocUnsafeSlow(piece.length);
  piece.copy(own);
  return own;
}

/** Whether a piece at `offset` shares bytes with one that is not the same. */
function clashes({ pieces }: Partial, offset: number, length: number): boolean {
  for (const [start, { length: size }] of pieces) {
    if (start === offset && size === length) continue;
    if (offset < start + size && start < offset + length) return true;
  }
  return false;
}
