/**
 * An HTTP/1.1 request as bytes, and nothing that anybody could slip into it.
 *
 * One request per connection: `Connection: close` asks the daemon to end with the answer, so no state of one call
 * can leak into another.
 */
import { WormholeError } from '../lib/errors.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, already percent-encoded. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/json. */
  readonly json?: unknown;
}

/** @throws {WormholeError} WH_ERR_REQUEST_INVALID for anything that could end a line or the request line's fields early */
export function encodeRequest(request: HttpRequest): string {
  const body = request.json === undefined ? '' : JSON.stringify(request.json);
  const headers: Record<string, string> = {
    // The daemon answers to this name and refuses those a browser could be lured to send.
    Host: 'wormhole',
    Accept: 'application/json',
    Connection: 'close',
    ...(request.json !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
    }),
    ...request.headers,
  };
  if (!/^\/[\x21-\x7e]*$/.test(request.target)) throw unsendable('the path', request.target);
  let head = `${request.method} ${request.target} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[0-9A-Za-z-]+$/.test(name)) throw unsendable('a header name', name);
    if (!/^[\x20-\x7e]*$/.test(value)) throw unsendable(`the header ${name}`, value);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n${body}`;
}

function unsendable(what: string, value: string): WormholeError {
  return new WormholeError('WH_ERR_REQUEST_INVALID', `${what} holds characters that cannot be sent`, {
    detail: { value: JSON.stringify(value.slice(0, 80)) },
  });
}
