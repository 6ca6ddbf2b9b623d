/**
 * `ports` and `expose` of a service: input → meaning.
 *
 *     "8080:80"  "127.0.0.1:8080:80/udp"  "[::1]:8080:80"     host side : container side
 *     "80"                                                    any free port of the host
 *     "8000-8002:80-82"  "8000-8002:80"                       one by one; the first port
 *     {target: 80, published: "8080", host_ip: …, protocol: udp}
 *     expose: "53/udp"                                        container side only
 */
import { Fields, isRecord, scalar } from './fields.ts';
import { untranslatable } from './findings.ts';

/** One port of a container. */
export interface ServicePort {
  readonly protocol: 'tcp' | 'udp';
  /** In the container. */
  readonly port: number;
  /** On the host; `port` 0 = a free one, `host` '' = as compose, every address. Absent = not published. */
  readonly published?: { readonly host: string; readonly port: number };
}

/** Ports of one range: each becomes a listener. */
const RANGE_MAX = 64;

/** @throws {WormholeError} WH_ERR_COMPOSE */
export function readPorts(service: Fields): ServicePort[] {
  const published = service
    .items('ports')
    .flatMap((item) => (isRecord(item) ? readLong(item, service) : readShort(scalar('ports', item))));
  const exposed = service.texts('expose').flatMap((text) => {
    const { body, protocol } = splitProtocol(text, 'expose');
    return readRange(body, text).map((port): ServicePort => ({ protocol, port }));
  });
  const seen = new Set(published.map(({ protocol, port }) => `${port}/${protocol}`));
  return [...published, ...exposed.filter(({ protocol, port }) => !seen.has(`${port}/${protocol}`))];
}

function readShort(text: string): ServicePort[] {
  const { body, protocol } = splitProtocol(text, 'ports');
  const parts = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):)?(?:([\d-]*):)?([\d-]+)$/.exec(body);
  // One colon only: what stands before it is the port of the host.
  const [, six, first, second, target = ''] = parts ?? [];
  if (parts === null) throw malformed(text);
  const host = second === undefined ? '' : (six ?? first ?? '');
  const from = second ?? first;
  if (second === undefined && six !== undefined) throw malformed(text);
  return pair(readRange(target, text), from === undefined || from === '' ? undefined : readRange(from, text), {
    protocol,
    host,
    text,
  });
}

function readLong(item: Readonly<Record<string, unknown>>, service: Fields): ServicePort[] {
  const fields = new Fields(service.where, item, service.findings);
  const target = fields.text('target');
  if (target === undefined) throw untranslatable('ports: target is missing, the port in the container');
  const protocol = protocolOf(fields.text('protocol') ?? 'tcp', 'ports');
  const published = fields.text('published');
  const host = fields.text('host_ip') ?? '';
  for (const key of ['mode', 'name', 'app_protocol']) fields.take(key);
  for (const key of fields.rest()) fields.note(`ports: ${key} is left out; nothing here corresponds to it`);
  const ports = published === undefined || published === '' ? undefined : readRange(published, published);
  return pair(readRange(target, target), ports, { protocol, host, text: `${published ?? ''}:${target}` });
}

function pair(
  targets: readonly number[],
  hosts: readonly number[] | undefined,
  { protocol, host, text }: { protocol: ServicePort['protocol']; host: string; text: string },
): ServicePort[] {
  if (hosts === undefined) return targets.map((port) => ({ protocol, port, published: { host, port: 0 } }));
  // A range for one port of the container means: any of these. The first is as good as the others.
  if (targets.length === 1)
    return targets.map((port) => ({ protocol, port, published: { host, port: hosts[0] ?? 0 } }));
  if (targets.length !== hosts.length)
    throw untranslatable(`ports: ${JSON.stringify(text)} has ranges of different lengths`);
  return targets.map((port, index) => ({ protocol, port, published: { host, port: hosts[index] ?? 0 } }));
}

function splitProtocol(text: string, key: string): { body: string; protocol: ServicePort['protocol'] } {
  const slash = text.indexOf('/');
  if (slash < 0) return { body: text, protocol: 'tcp' };
  return { body: text.slice(0, slash), protocol: protocolOf(text.slice(slash + 1), key) };
}

function protocolOf(text: string, key: string): ServicePort['protocol'] {
  if (text === 'tcp' || text === 'udp') return text;
  throw untranslatable(`${key}: protocol ${JSON.stringify(text)} cannot be relayed; tcp and udp can`);
}

function readRange(text: string, whole: string): number[] {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const from = Number(first);
  const to = Number(last);
  if (first === '' || from < 1 || to > 65_535 || to < from) throw malformed(whole);
  if (to - from >= RANGE_MAX)
    throw untranslatable(`ports: ${JSON.stringify(whole)} has more than ${RANGE_MAX} ports; name those you use`);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function malformed(text: string): Error {
  return untranslatable(
    `ports: ${JSON.stringify(text)} is no port; write HOST:CONTAINER, IP:HOST:CONTAINER or CONTAINER, each from 1 to 65535`,
  );
}
