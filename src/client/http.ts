/**
 * A small, strict HTTP/1.1 client over any duplex stream: one request out, one answer in.
 *
 * `node:http` would cost every start of the command line a third of its time; this needs nothing but the stream.
 * Timeouts and cancellation belong to whoever owns the stream: destroying it ends every wait in here.
 */
import type { Duplex } from 'node:stream';
import { ByteSource } from './byte-source.ts';
import { readBody } from './http-body.ts';
import { type ResponseHead, readHead } from './http-head.ts';
import { encodeRequest, type HttpRequest } from './http-request.ts';

export interface HttpResponse extends ResponseHead {
  /** The body as it comes; to be read once. */
  readonly body: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * Sends `request` on a fresh stream and resolves with the head of the answer.
 *
 * @param stream borrowed; the caller destroys it when the body was read or is not wanted
 * @throws {WormholeError} WH_ERR_PROTOCOL, WH_ERR_DAEMON_UNREACHABLE, WH_ERR_REQUEST_INVALID, or the error that
 *   `stream` was destroyed with
 */
export async function exchange(stream: Duplex, request: HttpRequest): Promise<HttpResponse> {
  const source = new ByteSource(stream[Symbol.asyncIterator]());
  stream.write(encodeRequest(request));
  const head = await readHead(source);
  return { ...head, body: readBody(source, head) };
}
