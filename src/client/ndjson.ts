/**
 * Newline-delimited JSON out of a byte stream, one object per line.
 */
import { malformed } from './byte-source.ts';

/** Bytes of one line. */
const maxLineBytes = 1_048_576;

/** Yields each line's value; blank lines (keep-alives) are skipped. @throws {WormholeError} WH_ERR_PROTOCOL */
export async function* ndjson(body: AsyncIterable<Buffer>): AsyncGenerator<unknown, void, undefined> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const piece of body) {
    let from = 0;
    for (let end = piece.indexOf(0x0a); end >= 0; end = piece.indexOf(0x0a, from)) {
      pieces.push(piece.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(pieces).toString('utf8').trim();
      [pieces, held] = [[], 0];
      if (line !== '') yield parse(line);
    }
    if (from === piece.length) continue;
    pieces.push(piece.subarray(from));
    held += piece.length - from;
    if (held > maxLineBytes) throw malformed(`a line is longer than ${maxLineBytes} bytes`);
  }
  const line = Buffer.concat(pieces).toString('utf8').trim();
  if (line !== '') yield parse(line);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw malformed('a line is not JSON');
  }
}
