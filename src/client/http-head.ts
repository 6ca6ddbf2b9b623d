/**
 * The head of an HTTP/1.1 answer: status and headers, read strictly and within bounds.
 *
 * Leaves the body to `http-body.ts`. See RFC 9112 §2–§5; where it allows a recipient to be lenient, this one is not,
 * because the only server it talks to is ours.
 */
import { type ByteSource, malformed } from './byte-source.ts';

/** Bytes of one line. */
const maxLineBytes = 8192;
/** Header lines of one answer. */
const maxHeaders = 64;
/** Interim answers (100, 103) before the real one. */
const maxInterim = 4;

const statusLine = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[\t ]*$/;

/** Status and headers; names in lower case. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** Reads the next final head. @throws {WormholeError} WH_ERR_PROTOCOL, WH_ERR_DAEMON_UNREACHABLE */
export async function readHead(source: ByteSource): Promise<ResponseHead> {
  for (let interim = 0; interim <= maxInterim; interim += 1) {
    const status = Number(statusLine.exec(await source.line(maxLineBytes))?.[1] ?? 0);
    if (status === 0) throw malformed('it does not begin like HTTP/1.1');
    // 101 would hand the connection to another protocol, which nobody asked for.
    if (status === 101) throw malformed('it switches protocols');
    const headers = await readHeaders(source);
    if (status >= 200) return { status, headers };
  }
  throw malformed('it never gets past interim answers');
}

/** Reads header lines, or trailers, up to the empty line. Repeated headers are joined, as RFC 9110 §5.3 has it. */
export async function readHeaders(source: ByteSource): Promise<ReadonlyMap<string, string>> {
  const headers = new Map<string, string>();
  for (let count = 0; count <= maxHeaders; count += 1) {
    const line = await source.line(maxLineBytes);
    if (line === '') return headers;
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw malformed('a header line is not valid');
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  throw malformed(`it has more than ${maxHeaders} headers`);
}
