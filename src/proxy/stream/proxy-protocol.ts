/**
 * The PROXY protocol header that tells a target who the client is, version 1 (text) and 2 (binary). Pure.
 *
 * An IPv4 client of a dual-stack listener is announced as IPv4; when only one side is IPv4 it is announced
 * IPv4-mapped, because one header has one family. A connection without IP endpoints (a unix head) is announced
 * as UNKNOWN in version 1 and as LOCAL in version 2: the target then uses its own view.
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt §2.1, §2.2
 */
import { ipBytes, mapped, unmapped } from './ip-bytes.ts';

/** Both ends of the client's connection, as the listener sees them: IP literals and ports. */
export interface ClientEndpoints {
  readonly sourceHost: string;
  readonly sourcePort: number;
  readonly destHost: string;
  readonly destPort: number;
}

const V2_SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a] as const;
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const V2_UNSPEC = 0x00;
const V2_TCP4 = 0x11;
const V2_TCP6 = 0x21;

/**
 * The bytes to send to the target before the client's first one.
 *
 * @param client undefined for a unix client
 */
export function proxyHeader(version: 'v1' | 'v2', client: ClientEndpoints | undefined): Uint8Array {
  const pair = client === undefined ? undefined : addressPair(client);
  if (client === undefined || pair === undefined) {
    if (version === 'v1') return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
    return Uint8Array.of(...V2_SIGNATURE, V2_LOCAL, V2_UNSPEC, 0, 0);
  }
  const [source, dest] = pair;
  const { sourcePort, destPort } = client;
  if (version === 'v1') {
    const family = source.length === 4 ? 'TCP4' : 'TCP6';
    return Buffer.from(`PROXY ${family} ${text(source)} ${text(dest)} ${sourcePort} ${destPort}\r\n`, 'latin1');
  }
  const family = source.length === 4 ? V2_TCP4 : V2_TCP6;
  const length = source.length + dest.length + 4;
  return Uint8Array.of(
    ...V2_SIGNATURE,
    V2_PROXY,
    family,
    length >> 8,
    length & 0xff,
    ...source,
    ...dest,
    sourcePort >> 8,
    sourcePort & 0xff,
    destPort >> 8,
    destPort & 0xff,
  );
}

function addressPair(client: ClientEndpoints): readonly [Uint8Array, Uint8Array] | undefined {
  const source = plain(client.sourceHost);
  const dest = plain(client.destHost);
  if (source === undefined || dest === undefined) return undefined;
  if (source.length === dest.length) return [source, dest];
  return [widened(source), widened(dest)];
}

function plain(host: string): Uint8Array | undefined {
  const bytes = ipBytes(host);
  return bytes === undefined ? undefined : (unmapped(bytes) ?? bytes);
}

function widened(bytes: Uint8Array): Uint8Array {
  return bytes.length === 4 ? mapped(bytes) : bytes;
}

/** The form of §2.1: dotted quads, or eight hexadecimal groups without leading zeros (uncompressed is allowed). */
function text(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2).toString(16)).join(':');
}
