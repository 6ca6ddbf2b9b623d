/**
 * What a client may be told instead of being served, and how each protocol says it.
 *
 * The text is all that a client learns: nothing of our addresses, names or errors is in it.
 *
 * @see RFC 9110 §15, RFC 1928 §6
 */

interface RefusalRow {
  /** Status of HTTP, with its reason phrase. */
  readonly status: string;
  /** REP of SOCKS5. */
  readonly reply: number;
  readonly text: string;
}

/** Every refusal. */
export const refusalTable = {
  malformed: { status: '400 Bad Request', reply: 0x01, text: 'the request is not valid' },
  'address-type': { status: '400 Bad Request', reply: 0x08, text: 'there is no such kind of address' },
  denied: { status: '403 Forbidden', reply: 0x02, text: 'the destination is not allowed' },
  method: { status: '405 Method Not Allowed', reply: 0x07, text: 'this proxy serves CONNECT' },
  credentials: { status: '407 Proxy Authentication Required', reply: 0x02, text: 'user and password are required' },
  slow: { status: '408 Request Timeout', reply: 0x01, text: 'the request took too long' },
  large: { status: '431 Request Header Fields Too Large', reply: 0x01, text: 'the request is too large' },
  failed: { status: '502 Bad Gateway', reply: 0x01, text: 'the destination cannot be reached' },
  unresolved: { status: '502 Bad Gateway', reply: 0x04, text: 'the name of the destination does not resolve' },
  'network-unreachable': { status: '502 Bad Gateway', reply: 0x03, text: 'the network cannot be reached' },
  'host-unreachable': { status: '502 Bad Gateway', reply: 0x04, text: 'the destination cannot be reached' },
  refused: { status: '502 Bad Gateway', reply: 0x05, text: 'the destination refuses connections' },
  unavailable: { status: '503 Service Unavailable', reply: 0x01, text: 'the proxy cannot serve this now' },
  timeout: { status: '504 Gateway Timeout', reply: 0x06, text: 'the destination does not answer' },
  version: { status: '505 HTTP Version Not Supported', reply: 0x01, text: 'this proxy speaks HTTP/1.1' },
} as const satisfies Record<string, RefusalRow>;

/** Why a client is not served. */
export type Refusal = keyof typeof refusalTable;

/** Thrown while a client is read: it gets this answer. */
export class Refused extends Error {
  readonly why: Refusal;

  constructor(why: Refusal) {
    super(refusalTable[why].text);
    this.why = why;
  }
}

/** A client that ended, or was reset, before it had said what it wants. */
export class ClientLeft extends Error {}
