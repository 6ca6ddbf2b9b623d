/**
 * Keys of one direction in one epoch, a row in which none can be computed from a later one.
 *
 *     TLS exporter ─► chain 0 ─► chain 1 ─► chain 2 …      each forgotten once the next is known
 *                        │          │          │
 *                      key 0      key 1      key 2
 *
 * A direction is named by who sends, so that a reflected packet meets a key that it was not sealed with. Whatever leaves
 * here is overwritten by `erase`. @see RFC 5705 (exporter), RFC 5869 (HKDF-SHA-256, salt empty unless said), docs/protocol.md
 */
import { hkdfSync } from 'node:crypto';
import { minSecretBytes, type Role } from '../resume/proof.ts';
import type { SecureStream } from '../secure-stream.ts';
import { sessionIdBytes } from './packet.ts';

/** The secret of the epoch that belongs to a TLS connection; the same at its two ends. */
export function datagramSecretOf(stream: Pick<SecureStream, 'exportKeyingMaterial'>): Buffer {
  return stream.exportKeyingMaterial(minSecretBytes, 'EXPORTER-wormhole-datagrams', undefined as never);
}

const keyBytes = 32; // ChaCha20-Poly1305
const none = Buffer.alloc(0);

const derive = (secret: Buffer, salt: Buffer, info: string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));

/** The name of a session on the wire; says nothing about the secret it was made of, its first epoch's. */
export function datagramSessionId(secret: Buffer): Buffer {
  if (secret.length < minSecretBytes) throw new RangeError(`a secret has ${minSecretBytes} bytes or more`);
  return derive(secret, none, 'wormhole datagrams id', sessionIdBytes);
}

/** What a row of keys belongs to. */
export interface KeyRow {
  readonly sessionId: Buffer;
  readonly epoch: number;
  /** Who seals with them. */
  readonly sender: Role;
}

export class KeyChain {
  #chain: Buffer;
  #generation = -1;

  constructor(secret: Buffer, { sessionId, epoch, sender }: KeyRow) {
    if (secret.length < minSecretBytes) throw new RangeError(`a secret has ${minSecretBytes} bytes or more`);
    this.#chain = derive(secret, sessionId, `wormhole datagrams ${sender} ${epoch}`, keyBytes);
  }

  /** Of the key that was taken last; -1 before the first. */
  get generation(): number {
    return this.#generation;
  }

  /** The next key, whose owner the caller is; everything before it is out of reach from now on. */
  next(): Buffer {
    const key = derive(this.#chain, none, 'wormhole datagrams key', keyBytes);
    const chain = derive(this.#chain, none, 'wormhole datagrams next', keyBytes);
    this.#chain.fill(0);
    this.#chain = chain;
    this.#generation += 1;
    return key;
  }

  erase(): void {
    this.#chain.fill(0);
  }
}
