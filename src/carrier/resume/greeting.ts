/**
 * The bodies of RESUME and RESUMED.
 */
import { nonceBytes, proofBytes, sessionIdBytes } from './proof.ts';
import { protocolVersion, RecordType, record } from './record.ts';

/** RESUME: version 1 · session id 16 · epoch 4 · nonce 16 · offset 8 · proof 32. */
export interface Resume {
  readonly version: number;
  readonly sessionId: Buffer;
  readonly epoch: number;
  readonly nonce: Buffer;
  readonly received: number;
  readonly proof: Buffer;
}

/** RESUMED: the same without version and id. */
export type Resumed = Omit<Resume, 'version' | 'sessionId'>;

const tailBytes = 4 + nonceBytes + 8 + proofBytes;

export function resumeRecord(fields: Omit<Resume, 'version'>): Buffer {
  const head = Buffer.concat([Buffer.of(protocolVersion), fields.sessionId]);
  return record(RecordType.resume, Buffer.concat([head, tail(fields)]));
}

export function resumedRecord(fields: Resumed): Buffer {
  return record(RecordType.resumed, tail(fields));
}

function tail({ epoch, nonce, received, proof }: Resumed): Buffer {
  const numbers = Buffer.alloc(12);
  numbers.writeUInt32BE(epoch, 0);
  numbers.writeBigUInt64BE(BigInt(received), 4);
  return Buffer.concat([numbers.subarray(0, 4), nonce, numbers.subarray(4), proof]);
}

/** @returns undefined when the body is none */
export function parseResume(body: Buffer): Resume | undefined {
  if (body.length !== 1 + sessionIdBytes + tailBytes) return undefined;
  const version = body[0] as number;
  const sessionId = body.subarray(1, 1 + sessionIdBytes);
  const rest = parseTail(body.subarray(1 + sessionIdBytes));
  return rest && { version, sessionId, ...rest };
}

/** @returns undefined when the body is none */
export function parseResumed(body: Buffer): Resumed | undefined {
  return body.length === tailBytes ? parseTail(body) : undefined;
}

function parseTail(body: Buffer): Resumed | undefined {
  const at = 4 + nonceBytes;
  const received = Number(body.readBigUInt64BE(at));
  // Nobody gets that far, and a number that is not exact cannot be proved.
  if (!Number.isSafeInteger(received)) return undefined;
  return {
    epoch: body.readUInt32BE(0),
    nonce: body.subarray(4, at),
    received,
    proof: body.subarray(at + 8),
  };
}
