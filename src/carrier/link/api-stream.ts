/**
 * A stream for the control API, to be written to at once: a no to it is read as an answer of that API.
 */
import type { Duplex } from 'node:stream';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { WormholeError } from '../../lib/errors.ts';
import { toProblem } from '../../lib/problem.ts';
import { streamDuplex } from '../mux/stream-duplex.ts';
import { goOnBehind } from './behind-answer.ts';

/** @param stream that was opened for it, taken over */
export const apiStream = (stream: ByteStream): Duplex => streamDuplex(goOnBehind(stream, { kind: 'api' }, apiNo));

/** An answer whose facts tell that the request was not begun, or that nobody knows: `unopened`. */
function apiNo(error: WormholeError): Buffer {
  const { facts, ...problem } = toProblem(error);
  const body = JSON.stringify({ ...problem, facts: { ...facts, unopened: true } });
  const head = [
    `HTTP/1.1 ${problem.status} Refused`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
