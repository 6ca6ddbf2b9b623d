/**
 * The head of an HTTP CONNECT request, byte for byte.
 *
 * Everything that two readers could take for different things is refused (RFC 9112 §2.2, §3.2, §5, §6.3; RFC 9110
 * §9.3.6): bare CR or LF, folded lines, blanks before a colon, control characters, two Host lines or one that
 * names another host, a body. Nothing of the head goes on to the destination.
 */
import { type Destination, isSameHost, readAuthority } from './destination.ts';
import { Refused } from './refusal.ts';

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DELETE = 0x7f;

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ ]+) HTTP\/([0-9])\.([0-9])$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;

/** What a client asks for. */
export interface ConnectRequest {
  readonly destination: Destination;
  /** As it stood behind `Proxy-Authorization:`. */
  readonly authorization: string | undefined;
}

/**
 * Where the head ends, the empty line included.
 *
 * @param seen how many of the bytes were looked at before
 * @returns undefined while more has to come
 * @throws {Refused} at the first byte that cannot stand in a head
 */
export function headLength(bytes: Uint8Array, seen: number): number | undefined {
  for (let at = seen; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const afterCr = bytes[at - 1] === CR;
    if (afterCr !== (byte === LF)) throw new Refused('malformed');
    if (byte === LF && bytes[at - 2] === LF) return at + 1;
    const control = byte < SPACE || byte === DELETE;
    if (control && byte !== CR && byte !== LF && byte !== HT) throw new Refused('malformed');
  }
  return undefined;
}

/** Reads a whole head. @throws {Refused} */
export function readConnect(head: Uint8Array): ConnectRequest {
  const [first = '', ...lines] = Buffer.from(head).toString('latin1').slice(0, -'\r\n\r\n'.length).split('\r\n');
  const [, method, target = '', major, minor] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined) throw new Refused('malformed');
  if (major !== '1') throw new Refused('version');
  if (method !== 'CONNECT') throw new Refused('method');
  const fields = readFields(lines);
  const destination = readAuthority(target);
  if (destination === undefined) throw new Refused('malformed');
  const hosts = fields.get('host') ?? [];
  if (hosts.length === 0 && minor !== '0') throw new Refused('malformed');
  if (hosts.length > 1 || hosts.some((host) => !isSameHost(host, destination))) throw new Refused('malformed');
  refuseBody(fields);
  const [authorization, ...others] = fields.get('proxy-authorization') ?? [];
  if (others.length > 0) throw new Refused('malformed');
  return { destination, authorization };
}

function readFields(lines: readonly string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value = ''] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined) throw new Refused('malformed');
    const key = name.toLowerCase();
    const values = fields.get(key);
    if (values === undefined) fields.set(key, [trimBlanks(value)]);
    else values.push(trimBlanks(value));
  }
  return fields;
}

/** Blanks and tabs only, unlike `trim`; and in one pass, unlike a regular expression on a line full of them. */
function trimBlanks(text: string): string {
  const blank = (char: string | undefined): boolean => char === ' ' || char === '\t';
  let start = 0;
  let end = text.length;
  while (start < end && blank(text[start])) start++;
  while (end > start && blank(text[end - 1])) end--;
  return text.slice(start, end);
}

/** A CONNECT has no body; what follows its head is the destination's. Some old clients say so by a length of 0. */
function refuseBody(fields: ReadonlyMap<string, readonly string[]>): void {
  const lengths = fields.get('content-length') ?? [];
  const bodiless = lengths.length === 0 || (lengths.length === 1 && lengths[0] === '0');
  if (!bodiless || fields.has('transfer-encoding')) throw new Refused('malformed');
}
