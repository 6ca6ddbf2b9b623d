/** `tunnel-delete HOST`: removes the tunnels to a peer; what the peer did of it is told on stderr. */
import { WormholeError } from '../../lib/errors.ts';
import { printable } from '../../spec/invalid.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

export async function tunnelDelete(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const [host = ''] = call.words;
  const { attach } = call.flags;
  if (attach === '') {
    throw new WormholeError('WH_ERR_USAGE', '--attach names no container', { detail: { verb: 'tunnel-delete' } });
  }
  await using daemon = await call.open();
  const removal = await daemon.deleteTunnels(host, typeof attach === 'string' ? { attach } : {});
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
