/** `--restart` and `--rm`: what the engine does when the container ends. */
import { invalid, show } from '../invalid.ts';
import { type Flags, type Part, wrong } from './flags.ts';

const policies = new Set(['no', 'always', 'unless-stopped', 'on-failure']);

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readLife(flags: Flags): Part {
  const policy = flags.last('restart', readRestart) ?? { Name: 'no', MaximumRetryCount: 0 };
  const remove = flags.isOn('rm') === true;
  if (remove && policy.Name !== 'no') {
    throw wrong('restart', 'what --rm removes cannot be started again; leave one of the two out');
  }
  return {
    host: {
      RestartPolicy: policy,
      ...(remove && { AutoRemove: true }),
    },
  };
}

/** `no`, `always`, `unless-stopped` or `on-failure[:TIMES]`. */
export function readRestart(text: string): { readonly Name: string; readonly MaximumRetryCount: number } {
  const match = /^([a-z-]+)(?::([0-9]{1,9}))?$/.exec(text);
  const [, name = '', times] = match ?? [];
  if (!policies.has(name)) {
    throw invalid(`${show(text)} is not a policy; write no, always, unless-stopped, on-failure or on-failure:TIMES`);
  }
  if (times !== undefined && name !== 'on-failure') {
    throw invalid(`${show(text)} limits what has no limit; only on-failure takes a number of times`);
  }
  return { Name: name, MaximumRetryCount: Number(times ?? 0) };
}
