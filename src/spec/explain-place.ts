/** How `explain` calls a place: `TCP 127.0.0.1:3306 inside container db`. */
import { WormholeError } from '../lib/errors.ts';
import { formatHost } from './host.ts';
import { printable } from './invalid.ts';
import type { HeadPlan, NamespaceRef, RunPlan, TargetPlan } from './plan.ts';
import { REDACTED } from './redact.ts';
import { readRun } from './run.ts';

/** Where a head listens. */
export function headPlace(head: HeadPlan): string {
  if (head.arrival === 'carrier') return 'no listener, connections come out of the carrier';
  const where = inside(head.namespace);
  if (head.arrival === 'overlay') {
    return `listens on ${head.protocol.toUpperCase()} ${head.port === 0 ? 'a free port' : `port ${head.port}`} of the tunnel's own address`;
  }
  if (head.protocol === 'unix') return unixPlace(head.path, head.namespace);
  const proto = head.protocol.toUpperCase();
  if (head.port === 0) return `a free ${proto} port of ${formatHost(head.host)} ${where}, printed by create`;
  return `${proto} ${formatHost(head.host)}:${head.port} ${where}`;
}

/** Where a target is. */
export function targetPlace({ protocol, namespace, host, port, path, connect }: TargetPlan): string {
  const where = inside(namespace);
  if (connect !== undefined) {
    const asked = { http: 'by HTTP CONNECT', socks5: 'by SOCKS5', any: 'by HTTP CONNECT or SOCKS5' }[connect];
    return `the destination that the client names ${asked}, dialed ${where}`;
  }
  if (protocol === 'unix') return unixPlace(path, namespace);
  return `${protocol.toUpperCase()} ${formatHost(host)}:${port} ${where}`;
}

/** A path is looked up among files, so the host is no namespace here. */
function unixPlace(path: string | undefined, namespace: NamespaceRef): string {
  return `the unix socket ${path ?? ''} ${namespace.kind === 'host' ? 'of the host' : inside(namespace)}`;
}

function inside(namespace: NamespaceRef): string {
  if (namespace.kind === 'host') return "in the host's namespace";
  if (namespace.kind === 'netns') return `in network namespace ${namespace.name}`;
  if (namespace.kind === 'pid') return `in the namespace of process ${namespace.pid}`;
  if (namespace.kind === 'container') return `inside container ${namespace.container}`;
  return namespace.of === 'parent' ? 'inside the container of the tail above' : 'inside the started container';
}

/** The image of a `docker-run`, and nothing else of it. */
export function runImage({ words }: RunPlan): string {
  try {
    return printable(readRun(words).image);
  } catch (error) {
    if (WormholeError.is(error)) return REDACTED;
    throw error;
  }
}

/** `a`, `a and b`, `a, b and c`. */
export function andList(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}
