/**
 * Takes one message off a stream and leaves what follows it in there.
 */
import type { Duplex } from 'node:stream';
import { ClientLeft, Refused } from './refusal.ts';

/**
 * Reads until `length` knows where the message ends.
 *
 * What came behind it is put back within the same turn, before the stream can report its end, and the stream is paused.
 *
 * @param client borrowed; paused before and after
 * @param length of the message that `bytes` begin with, undefined while more has to come; may throw
 * @param maxBytes of one message
 * @throws what `length` throws, {Refused} 'large', {ClientLeft}, or the signal's reason
 */
export function readMessage(
  client: Duplex,
  length: (bytes: Uint8Array, seen: number) => number | undefined,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      client.pause();
      client.off('data', onData);
      client.off('end', onEnd);
      client.off('close', onEnd);
      client.off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      const seen = bytes.length;
      bytes = seen === 0 ? chunk : Buffer.concat([bytes, chunk]);
      try {
        // more is not even looked at: `length` may work as much as there are bytes
        const end = length(bytes.subarray(0, maxBytes), seen);
        if (end === undefined && bytes.length >= maxBytes) throw new Refused('large');
        if (end === undefined) return;
        settle();
        if (end < bytes.length) client.unshift(bytes.subarray(end));
        resolve(bytes.subarray(0, end));
      } catch (error) {
        fail(error as Error);
      }
    };
    const onEnd = (): void => fail(new ClientLeft(''));
    const onError = (error: Error): void => fail(new ClientLeft(error.message));
    const onAbort = (): void => fail(signal.reason as Error);
    if (signal.aborted) onAbort();
    else if (client.readableEnded || client.destroyed) onEnd();
    else {
      signal.addEventListener('abort', onAbort, { once: true });
      client.on('end', onEnd).on('close', onEnd).on('error', onError).on('data', onData);
      client.resume();
    }
  });
}
