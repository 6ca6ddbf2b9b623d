/**
 * The proof that who resumes a session is who began it, and is at the other end of this very connection.
 *
 * HMAC-SHA-256 under the session's secret, over who speaks, the new connection's exporter (so that a recorded proof is
 * worth nothing on any other connection), the epoch, the nonces and the offset. Both ends prove. Who speaks is the role
 * in the session, not in the connection: a proof reflected to its author is one of the wrong role.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who dialed the first connection of the session. */
export type Role = 'dialer' | 'acceptor';

export const otherRole = (role: Role): Role => (role === 'dialer' ? 'acceptor' : 'dialer');

/** Bytes. */
export const nonceBytes = 16;
export const proofBytes = 32;
export const sessionIdBytes = 16;
/** Bytes of secret, and of exporter, below which something is wrong. */
export const minSecretBytes = 32;

export interface Claim {
  readonly role: Role;
  /** Of the connection that is to carry on, same at both ends. */
  readonly exporter: Buffer;
  readonly epoch: number;
  /** Of who asks; and, in the answer, of who answers. */
  readonly nonces: readonly Buffer[];
  /** Bytes that the claimant has received. */
  readonly received: number;
}

export function proofOf(secret: Buffer, claim: Claim): Buffer {
  const numbers = Buffer.alloc(12);
  numbers.writeUInt32BE(claim.epoch, 0);
  numbers.writeBigUInt64BE(BigInt(claim.received), 4);
  const mac = createHmac('sha256', secret).update(`wormhole resume ${claim.role} ${claim.nonces.length}\0`);
  for (const part of [claim.exporter, ...claim.nonces]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length, 0);
    mac.update(length).update(part);
  }
  return mac.update(numbers).digest();
}

/** Takes the same time whatever is wrong. */
export function proves(secret: Buffer, claim: Claim, proof: Buffer): boolean {
  return proof.length === proofBytes && timingSafeEqual(proofOf(secret, claim), proof);
}

/** The name of a session; says nothing about its secret. */
export function sessionIdOf(secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('wormhole resume id').digest().subarray(0, sessionIdBytes);
}
