/** How heads and targets are shown: as URLs that could be written in a spec. */
import { formatHost } from '../../spec/host.ts';
import type { HeadPlan, NamespaceRef, TargetPlan } from '../../spec/plan.ts';
import { formatNamespace } from '../../spec/url.ts';

/** `db`, `pid:42`, `container:web`, '' for the machine: what stands before an `@`. */
export function namespaceLabel(ref: NamespaceRef): string {
  switch (ref.kind) {
    case 'host':
      return '';
    case 'netns':
    case 'pid':
    case 'container':
      return formatNamespace(ref);
    case 'run':
      return 'docker-run';
  }
}

/** @param port really bound, when that is known */
export function headUrl(head: HeadPlan, port: number): string {
  if (head.arrival === 'carrier') return `on the link (${head.protocol})`;
  if (head.protocol === 'unix') return `unix://${head.path ?? ''}`;
  return `${head.protocol}://${at(head.namespace)}${formatHost(head.host)}:${port}`;
}

/** Where the head is, for people: the namespace in words. */
export function headLabel(head: HeadPlan): string {
  const where = namespaceLabel(head.namespace);
  return where === '' ? 'host' : where;
}

/** e.g. `db@127.0.0.1:3306`; the protocol only when it is not the usual one. */
export function targetLabel(target: TargetPlan): string {
  if (target.connect !== undefined && target.port === 0) return `${at(target.namespace)}connect ${target.connect}`;
  if (target.protocol === 'unix') return `unix://${at(target.namespace)}${target.path ?? ''}`;
  const scheme = target.protocol === 'tcp' ? '' : `${target.protocol}://`;
  const where = target.namespace.kind === 'container' ? `${short(target.namespace.container)}@` : at(target.namespace);
  return `${scheme}${where}${formatHost(target.host)}:${target.port}`;
}

/** A whole id, by which labels of containers lead, takes half a line; its beginning says as much. */
function short(container: string): string {
  return /^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container;
}

function at(ref: NamespaceRef): string {
  const label = namespaceLabel(ref);
  return label === '' ? '' : `${label}@`;
}
