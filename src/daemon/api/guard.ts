/**
 * The door of the control API: judges a request by its head alone, before anything is routed or read.
 *
 * The API is for our own client. Whatever shows the marks of a browser, names another host, or could be sent across
 * sites without asking (CSRF "simple requests") is refused; there are no CORS headers and no `OPTIONS`.
 */
import type { IncomingMessage } from 'node:http';
import { WormholeError } from '../../lib/errors.ts';
import { hostOf } from './host.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE']);
const BROWSER_MARKS = /^(?:origin|referer|sec-fetch-.*|access-control-request-.*)$/;

/** The parts of a request that the guard looks at. */
export type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>;

/** @returns why the request is refused; undefined lets it in */
export function refusal(request: RequestHead, allowed: ReadonlySet<string>): WormholeError | undefined {
  const { method = '', url = '', headers, rawHeaders } = request;
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const mark = names.find((name) => BROWSER_MARKS.test(name));
  if (mark !== undefined) return refuse(`a request with the header ${mark} comes from a browser`);
  if (names.filter((name) => name === 'host').length !== 1)
    return refuse('a request must have exactly one Host header');
  const host = hostOf(headers.host ?? '');
  if (host === undefined || !allowed.has(host)) return refuse('the Host header names another host');
  if (!METHODS.has(method)) return refuse(`the method ${method} is never allowed`);
  if (!url.startsWith('/')) return refuse('the request target must be a path');
  return refuseBody(method, headers);
}

function refuseBody(method: string, headers: IncomingMessage['headers']): WormholeError | undefined {
  const length = headers['content-length'];
  const hasBody = headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody) return undefined;
  if (method !== 'POST') return refuse(`a ${method} request has no body`);
  const [type = '', ...parameters] = (headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const utf8 = parameters.every((parameter) => /^charset="?utf-8"?$/.test(parameter));
  if (type !== 'application/json' || !utf8) return refuse('a body must be application/json in UTF-8');
  if (headers['content-encoding'] !== undefined) return refuse('a body must not be encoded');
  return undefined;
}

function refuse(reason: string): WormholeError {
  return new WormholeError('WH_ERR_REQUEST_REFUSED', reason);
}
