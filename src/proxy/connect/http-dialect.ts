/**
 * HTTP CONNECT as a conversation: one head, one answer.
 *
 * A success is a bare 200: a length or a transfer coding would make the tunnel's bytes look like a body (RFC 9110
 * §9.3.6). Every refusal ends the connection, because a client that sent on without waiting has put the tunnel's bytes
 * where the next request would be read.
 */
import type { Check, Dialect, Opening } from './dialect.ts';
import { readConnect } from './http-head.ts';
import { type Refusal, Refused, refusalTable } from './refusal.ts';

const SUCCESS = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Further lines of some refusals. */
const more: Partial<Record<Refusal, string>> = {
  method: 'Allow: CONNECT\r\n',
  credentials: 'Proxy-Authenticate: Basic realm="wormhole", charset="UTF-8"\r\n',
};

/** See the module header. */
export class HttpDialect implements Dialect {
  readonly protocol = 'http';
  /** An answer to HEAD has no body. */
  #bodiless = false;

  async open(head: Buffer, check: Check | undefined): Promise<Opening> {
    this.#bodiless = head.toString('latin1', 0, 5) === 'HEAD ';
    const { destination, authorization } = readConnect(head);
    if (check === undefined) return { destination };
    const login = readBasic(authorization ?? '');
    if (login === undefined || !(await check(login.user, login.password))) throw new Refused('credentials');
    return { destination, user: login.user };
  }

  yes(): string {
    return SUCCESS;
  }

  no(why: Refusal): string {
    const { status, text } = refusalTable[why];
    const body = `${text}\n`;
    const fields = `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`;
    return `HTTP/1.1 ${status}\r\n${more[why] ?? ''}${fields}\r\n${this.#bodiless ? '' : body}`;
  }
}

/** Reads `Basic BASE64`, RFC 7617. */
function readBasic(authorization: string): { readonly user: string; readonly password: string } | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
