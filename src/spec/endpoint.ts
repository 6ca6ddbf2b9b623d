/** One-line names of planned ends: the URL of a head, the label of a target. For `ls`, logs and messages. */
import { formatHost } from './host.ts';
import type { HeadPlan, NamespaceRef, TargetPlan } from './plan.ts';
import { formatNamespace } from './url.ts';

/** The namespace before `@`, '' for the host's; `run` for a container that is to be started. */
export function namespaceName(namespace: NamespaceRef): string {
  if (namespace.kind === 'host') return '';
  return namespace.kind === 'run' ? 'run' : formatNamespace(namespace);
}

/**
 * Where a head listens, in the grammar of `url`: `tcp://127.0.0.1:3306`, `tcp://container:app@127.0.0.1:80`.
 *
 * @param port the port really bound, when the planned one is 0
 */
export function headUrl(head: HeadPlan, port: number = head.port): string {
  if (head.protocol === 'unix') return `unix://${head.path ?? ''}`;
  const name = namespaceName(head.namespace);
  return `${head.protocol}://${name === '' ? '' : `${name}@`}${formatHost(head.host)}:${port}`;
}

/** Where a target is: `db@127.0.0.1:3306`, `127.0.0.1:80`, `web@/run/x.sock`, `connect http`. */
export function targetLabel({ namespace, host, port, path, connect }: TargetPlan): string {
  const name = namespace.kind === 'container' ? namespace.container : namespaceName(namespace);
  const address = connect === undefined ? (path ?? `${formatHost(host)}:${port}`) : `connect ${connect}`;
  return name === '' ? address : `${name}@${address}`;
}
