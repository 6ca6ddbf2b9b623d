/** `tunnel-delete HOST`: removes the tunnels to a peer; what the peer did of it is told on stderr. */
import { printable } from '../../spec/invalid.ts';
import type { Invocation } from '../invocation.ts';
import { optional } from '../option.ts';
import { print, printJson } from '../print.ts';

export async function tunnelDelete(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const [host = ''] = call.words;
  const attach = optional(call, 'tunnel-delete', '--attach');
  await using daemon = await call.open();
  const removal = await daemon.deleteTunnels(host, attach === undefined ? {} : { attach });
  if (call.json) {
    await printJson(stdout, removal);
    return 0;
  }
  for (const { tunnel, peer } of removal.removed) {
    const { local, remote, peer: name } = tunnel;
    const there = peer === 'removed' ? 'removed at both ends' : `removed here; ${name}: ${peer}`;
    await print(stderr, `${printable(local)} ${printable(remote)}: ${printable(there)}\n`);
  }
  return 0;
}
