/**
 * The body of an HTTP/1.1 answer: how long it is, and its bytes as they come.
 *
 * See RFC 9112 §6–§7. An answer whose length can be read in two ways is refused.
 */
import { type ByteSource, malformed } from './byte-source.ts';
import { type ResponseHead, readHeaders } from './http-head.ts';

/** Bytes handed on at a time. */
const pieceBytes = 65_536;
/** Bytes of a chunk-size line, extensions included. */
const maxSizeLineBytes = 1024;

/** Yields the body of `head` in pieces; returns at its end. @throws {WormholeError} WH_ERR_PROTOCOL, WH_ERR_DAEMON_UNREACHABLE */
export async function* readBody(source: ByteSource, head: ResponseHead): AsyncGenerator<Buffer, void, undefined> {
  const coding = head.headers.get('transfer-encoding');
  const length = head.headers.get('content-length');
  if (coding !== undefined) {
    if (length !== undefined) throw malformed('it has both Content-Length and Transfer-Encoding');
    if (coding.toLowerCase() !== 'chunked') throw malformed('its transfer coding is not "chunked"');
    if (head.status === 204 || head.status === 304) throw malformed('it has a body where none may be');
    yield* chunked(source);
  } else if (head.status === 204 || head.status === 304) {
    return;
  } else if (length !== undefined) {
    if (!/^\d{1,15}$/.test(length)) throw malformed('its Content-Length is not a number');
    yield* counted(source, Number(length));
  } else {
    for (let piece = await source.some(pieceBytes); piece !== undefined; piece = await source.some(pieceBytes)) {
      yield piece;
    }
  }
}

async function* counted(source: ByteSource, bytes: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = bytes; left > 0; ) {
    const piece = await source.demand(Math.min(left, pieceBytes));
    left -= piece.length;
    yield piece;
  }
}

async function* chunked(source: ByteSource): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const line = await source.line(maxSizeLineBytes);
    const size = /^([0-9A-Fa-f]{1,8})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line)?.[1];
    if (size === undefined) throw malformed('a chunk size is not a number');
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0) break;
    yield* counted(source, bytes);
    if ((await source.line(0)) !== '') throw malformed('a chunk is longer than it says');
  }
  await readHeaders(source);
}

/** Collects a body. @throws {WormholeError} WH_ERR_PROTOCOL also when it has more than `maxBytes` */
export async function collect(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const piece of body) {
    total += piece.length;
    if (total > maxBytes) throw malformed(`it is larger than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
