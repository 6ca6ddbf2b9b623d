/**
 * Reproducible bytes and their checksums, for transfers too large to compare.
 */
import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import { within } from './relay-wait.ts';

const CHUNK_BYTES = 1 << 18;

/** mulberry32: the same numbers for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `n` bytes that look random. */
export function bytes(n: number, seed = 1): Buffer {
  const next = random(seed);
  const data = Buffer.allocUnsafe(n);
  for (let i = 0; i < n; i++) data[i] = next() * 256;
  return data;
}

/** A long stream, made as it is sent: every chunk differs, so that none can be lost, doubled or moved unseen. */
export class ByteStream {
  readonly #chunk: Buffer;
  #made = 0;
  crc = 0;

  constructor(seed: number) {
    this.#chunk = bytes(CHUNK_BYTES, seed);
  }

  /** The next chunk, at most `n` bytes, owned by the caller. */
  next(n: number = CHUNK_BYTES): Buffer {
    const chunk = Buffer.from(this.#chunk.subarray(0, Math.min(n, CHUNK_BYTES)));
    if (chunk.length >= 8) chunk.writeDoubleLE(this.#made, 0);
    this.#made += chunk.length;
    this.crc = crc32(chunk, this.crc);
    return chunk;
  }

  /** Bytes handed out so far. */
  get made(): number {
    return this.#made;
  }
}

/** Counts and checksums what arrives at `socket`. */
export class ByteSum {
  length = 0;
  crc = 0;

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.length += chunk.length;
      this.crc = crc32(chunk, this.crc);
    });
  }
}

/** Sends `total` bytes of `stream` with back-pressure, then what `last` gives, then FIN; resolves when all were taken. */
export async function sendStream(
  socket: Socket,
  stream: ByteStream,
  total: number,
  last: () => Buffer = () => Buffer.alloc(0),
): Promise<void> {
  while (stream.made < total) {
    const chunk = stream.next(total - stream.made);
    if (!socket.write(chunk)) {
      await within('a reader to go on', new Promise<void>((resolve) => socket.once('drain', resolve)));
    }
  }
  socket.end(last());
}
