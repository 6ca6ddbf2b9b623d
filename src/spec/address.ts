/**
 * The ADDR grammar: a daemon or a peer, as in `-H ADDR`, `ping HOST` and `remote PEER`. Input → meaning:
 *
 *     db-host              a peer's name, or that host's port 9999
 *     db-host:6666         that host and port              tcp://db-host   that host, never a configured name
 *     10.0.0.7  [::1]      that address, port 9999
 *     :6666                this machine; for a listener: every address
 *     unix://              /run/wormhole/wormhole.sock     unix://./s      another socket
 */
import { formatHost, parsePort, splitHostPort } from './host.ts';
import { invalid, show } from './invalid.ts';
import { parseIp } from './ip.ts';
import { parseAnyPath } from './path.ts';
import type { PeerAddress } from './plan.ts';

/** The control port when an address gives none. */
export const CONTROL_PORT = 9999;

/** The control socket when `unix://` gives no path. */
export const CONTROL_SOCKET = '/run/wormhole/wormhole.sock';

/**
 * Reads an ADDR.
 *
 * @returns `host` is '' for `:PORT`: this machine for a dialer, every address for a listener; a unix path may be relative
 * @throws {WormholeError} WH_ERR_SPEC_INVALID
 */
export function parseAddress(text: string): PeerAddress {
  if (text === '') throw invalid('the address is empty; write HOST, HOST:PORT, :PORT or unix://PATH');
  const mark = text.indexOf('://');
  const scheme = mark < 0 ? undefined : text.slice(0, mark);
  const rest = mark < 0 ? text : text.slice(mark + '://'.length);
  if (scheme === 'unix') return { kind: 'unix', path: rest === '' ? CONTROL_SOCKET : parseAnyPath(rest) };
  if (scheme !== undefined && scheme !== 'tcp') {
    throw invalid(`address protocol ${show(scheme)} is not known; use tcp:// or unix://`);
  }
  if (rest.includes('@')) throw invalid(`address ${show(rest)} has an "@"; write HOST:PORT without user or namespace`);

  const { host, port: digits } = splitHostPort(rest);
  if (digits === undefined) {
    if (host === '') throw invalid(`address ${show(text)} has no host and no port; write HOST or :PORT`);
    if (scheme === undefined && parseIp(host) === undefined && !host.includes('%')) return { kind: 'name', name: host };
    return { kind: 'tcp', host, port: CONTROL_PORT };
  }
  const port = digits === '' ? 0 : parsePort(digits);
  if (port === 0) throw invalid(`address ${show(text)} has no usable port; leave ":" out for ${CONTROL_PORT}`);
  return { kind: 'tcp', host, port };
}

/** The canonical spelling; the inverse of {@link parseAddress}. */
export function formatAddress(address: PeerAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  return address.kind === 'tcp' ? `tcp://${formatHost(address.host)}:${address.port}` : address.name;
}
