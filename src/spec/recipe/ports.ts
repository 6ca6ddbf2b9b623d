/**
 * `-p`: ports that the engine itself publishes on the host, beside whatever a wormhole does.
 *
 *     80                  a free port of the host → 80/tcp
 *     8080:80             8080 → 80/tcp, on every address
 *     127.0.0.1:8080:80/udp    [::1]::80    8000-8010:80 (the first free one)    8000-8001:80-81
 *     published=8080,target=80,protocol=tcp
 */
import { parsePort } from '../host.ts';
import { invalid, show } from '../invalid.ts';
import { formatIp, parseIp } from '../ip.ts';
import { type Flags, type Part, wrong } from './flags.ts';

/** Ports of one container in all; a range is written in a few characters and costs an entry for each port. */
const PORTS_MAX = 16_384;

/** Ports that belong together: as many of the host as of the container, or one of the container and any of the host's. */
export interface Publication {
  /** '' = every address. */
  readonly ip: string;
  /** First and last; absent = a free one. */
  readonly host?: Range;
  readonly container: Range;
  readonly protocol: string;
}

type Range = readonly [number, number];

/** The values of `-p`, still as ranges. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readPublications(flags: Flags): readonly Publication[] {
  const published = flags.all('publish', parsePublication);
  const count = published.reduce((sum, { container: [from, to] }) => sum + to - from + 1, 0);
  if (count > PORTS_MAX) throw wrong('publish', `these are ${count} ports; publish at most ${PORTS_MAX}`);
  return published;
}

/** An entry for each port. */
export function expandPorts(published: readonly Publication[]): Part {
  if (published.length === 0) return {};
  const bindings: Record<string, Array<{ HostIp: string; HostPort: string }>> = {};
  for (const { ip, host, container, protocol } of published) {
    for (let port = container[0]; port <= container[1]; port++) {
      (bindings[`${port}/${protocol}`] ??= []).push({ HostIp: ip, HostPort: hostPort(host, container, port) });
    }
  }
  return {
    config: { ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])) },
    host: { PortBindings: bindings },
  };
}

function hostPort(host: Range | undefined, container: Range, port: number): string {
  if (host === undefined) return '';
  if (container[0] === container[1] && host[0] !== host[1]) return `${host[0]}-${host[1]}`;
  return String(host[0] + port - container[0]);
}

/** Reads one value of `-p`. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parsePublication(text: string): Publication {
  const short = text.includes('=') ? longForm(text) : text;
  const parts = short.split(':');
  const [port = '', protocol = '', ...more] = (parts.pop() ?? '').split('/');
  const hostText = parts.pop() ?? '';
  const ip = readIp(parts.join(':'));
  const proto = protocol === '' ? 'tcp' : protocol.toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(proto) || more.length > 0) {
    throw invalid(`${show(text)} names no protocol that can be published; write /tcp, /udp or /sctp`);
  }
  if (port === '') throw invalid(`${show(text)} names no port of the container; write for example 8080:80`);
  const container = readRange(port);
  if (container[0] === 0) throw invalid(`${show(text)} names port 0 of the container; ports go from 1 to 65535`);
  if (hostText === '') return { ip, container, protocol: proto };
  const host = readRange(hostText);
  if (container[0] !== container[1] && host[1] - host[0] !== container[1] - container[0]) {
    throw invalid(`${show(text)} has ranges of two lengths; give each port of the container one of the host`);
  }
  return { ip, host, container, protocol: proto };
}

/** `published=8080,target=80,protocol=tcp` as the short form. */
function longForm(text: string): string {
  const given = new Map<string, string>([['protocol', 'tcp']]);
  for (const field of text.split(',')) {
    const [key = '', value = '', ...more] = field.split('=');
    if (!['published', 'target', 'protocol', 'mode'].includes(key) || value === '' || more.length > 0) {
      throw invalid(`${show(field)} is not published=PORT, target=PORT or protocol=tcp|udp|sctp`);
    }
    given.set(key, value);
  }
  return `${given.get('published') ?? ''}:${given.get('target') ?? ''}/${given.get('protocol') ?? ''}`;
}

/** An address, IPv6 in brackets or without. */
function readIp(text: string): string {
  if (text === '') return '';
  const bytes = parseIp(/^\[.*\]$/.test(text) ? text.slice(1, -1) : text);
  if (bytes === undefined) throw invalid(`${show(text)} is not an IP address of the host; write IP:PORT:PORT`);
  return formatIp(bytes);
}

function readRange(text: string): Range {
  const [first = '', last = first, ...more] = text.split('-');
  const range = [parsePort(first), parsePort(last)] as const;
  if (more.length > 0 || range[0] > range[1]) throw invalid(`${show(text)} is not a range; write FIRST-LAST`);
  return range;
}
