/**
 * What a peer may never reach through this daemon unless a rule names it, decided on the address that is really dialed.
 *
 * A peer that may dial at all would otherwise own the machine: the control port and docker.sock are root, and
 * the metadata service of a cloud gives out the machine's credentials. Names are no input here: who resolves a
 * name asks about the answer, just before dialing it, so that a changed answer of DNS gains nothing.
 */
import { isLoopback, isUnspecified, parseIp, unmapped } from './ip.ts';
import type { Denial } from './policy.ts';

/** An address with nothing left to resolve. */
export type ResolvedAddress =
  | { readonly kind: 'ip'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** What the daemon knows about itself. */
export interface OwnGround {
  /** Ports of the control API, TCP and UDP alike. */
  readonly controlPorts: readonly number[];
  /** Every address of this machine, bridge gateways included, as literals; loopback need not be named. */
  readonly localAddresses: readonly string[];
}

/** Engine sockets, which containers are given too. */
const ENGINE_SOCKET = /(?:^|\/)(?:docker|podman|containerd|crio|wormhole)\.sock$/;

/** Metadata services outside of the link-local ranges: AWS and GCP by IPv6, Alibaba, Azure, Oracle. */
const metadataHosts: ReadonlySet<string> = new Set(
  ['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16', '192.0.0.192'].map((host) =>
    String(parseIp(host)),
  ),
);

/**
 * @param onHost false inside a container: its loopback and its files are its own
 * @returns why a peer may not have this target; undefined when it may
 */
export function forbidden(address: ResolvedAddress, own: OwnGround, onHost: boolean): Denial | undefined {
  if (address.kind === 'unix') return forbiddenPath(address.path, onHost);
  const [host = '', zone] = address.host.split('%');
  const literal = parseIp(host);
  if (literal === undefined) return denial('not-literal', 'it is not an IP address in plain spelling');
  if (!Number.isInteger(address.port) || address.port < 1 || address.port > 65_535) {
    return denial('not-literal', 'it has no valid port');
  }
  for (const bytes of disguises(literal)) {
    const found = forbiddenBytes(bytes, address.port, own, onHost);
    if (found !== undefined) return found;
  }
  return zone === undefined
    ? undefined
    : denial('not-literal', 'it has a zone, and so names an interface of this machine');
}

/** As {@link forbidden}, for an address to listen on; port 0 is whatever is free. */
export function forbiddenHead(address: ResolvedAddress, own: OwnGround, onHost: boolean): Denial | undefined {
  if (address.kind === 'unix') return forbiddenPath(address.path, onHost);
  if (parseIp(address.host.split('%')[0] ?? '') === undefined) {
    return denial('not-literal', 'it is not an IP address in plain spelling');
  }
  return onHost && own.controlPorts.includes(address.port) ? controlPort() : undefined;
}

function forbiddenBytes(bytes: readonly number[], port: number, own: OwnGround, onHost: boolean): Denial | undefined {
  if (isUnspecified(bytes)) return denial('unspecified', 'it is the unspecified address');
  if (isLinkLocal(bytes) || metadataHosts.has(String(bytes))) {
    return denial('metadata', 'it is link-local or a metadata service');
  }
  if (isManycast(bytes)) return denial('multicast', 'it is a multicast or broadcast address');
  if (!own.controlPorts.includes(port)) return undefined;
  // Each namespace has a loopback of its own.
  if (isLoopback(bytes)) return onHost ? controlPort() : undefined;
  const local = own.localAddresses.some((one) => String(unmapped(parseIp(one) ?? [])) === String(bytes));
  return local ? controlPort() : undefined;
}

function forbiddenPath(path: string, onHost: boolean): Denial | undefined {
  if (onHost) return denial('host-unix', 'it is a unix socket of the host');
  return ENGINE_SOCKET.test(path) ? engineSocket() : undefined;
}

/** Also for sockets that are known by other marks than their path. */
export function engineSocket(): Denial {
  return denial('engine-socket', "it is a container engine's or a daemon's socket");
}

function controlPort(): Denial {
  return denial('control-port', 'it is a control port of this machine');
}

function denial(rule: Denial['rule'], reason: string): Denial {
  return { rule, reason };
}

function isLinkLocal(bytes: readonly number[]): boolean {
  if (bytes.length === 4) return bytes[0] === 169 && bytes[1] === 254;
  return bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function isManycast(bytes: readonly number[]): boolean {
  const [first = 0] = bytes;
  // 0.0.0.0/8 is "this network", 224/4 multicast, 240/4 reserved with broadcast at its end.
  return bytes.length === 4 ? first === 0 || first >= 224 : first === 0xff;
}

/** The address itself and each IPv4 address that some translator would make of it. */
function disguises(bytes: readonly number[]): Array<readonly number[]> {
  if (bytes.length === 4) return [bytes];
  const starts = (...prefix: number[]): boolean => prefix.every((byte, index) => bytes[index] === byte);
  const last = bytes.slice(12);
  const zero = (from: number, to: number): boolean => bytes.slice(from, to).every((byte) => byte === 0);
  const found: Array<readonly number[]> = [unmapped(bytes)];
  // ::a.b.c.d (IPv4-compatible), but :: and ::1 are themselves.
  if (zero(0, 12) && !isLoopback(bytes) && !isUnspecified(bytes)) found.push(last);
  // ::ffff:0:a.b.c.d, RFC 2765
  if (zero(0, 8) && bytes[8] === 255 && bytes[9] === 255 && zero(10, 12)) found.push(last);
  // 64:ff9b::/96, RFC 6052, and 64:ff9b:1::/48, RFC 8215, which may hold it in its middle or at its end
  const wellKnown = starts(0, 0x64, 0xff, 0x9b);
  const locally = starts(0, 0x64, 0xff, 0x9b, 0, 1);
  const middle = [6, 7, 9, 10].map((index) => bytes[index] ?? 0);
  if (wellKnown && !locally) found.push(last);
  if (locally) found.push(...[middle, last].filter((part) => !isUnspecified(part)));
  // 2002:a.b.c.d::/48, RFC 3056
  if (starts(0x20, 0x02)) found.push(bytes.slice(2, 6));
  // 2001:0:…, the client's address inverted, RFC 4380
  if (starts(0x20, 0x01, 0, 0)) found.push(last.map((byte) => byte ^ 255));
  // …:0:5efe:a.b.c.d, RFC 5214
  if (((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) found.push(last);
  return found;
}
