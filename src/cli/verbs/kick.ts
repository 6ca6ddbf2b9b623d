/** `kick NAME`: drops the connection to a peer, which is replaced. */
import type { Invocation } from '../invocation.ts';
import { printJson } from '../print.ts';

/** Prints nothing, or the peer with `--json`. */
export async function kick(call: Invocation): Promise<number> {
  await using daemon = await call.open();
  const peer = await daemon.kick(call.words[0] ?? '');
  if (call.json) await printJson(call.surroundings.stdout, peer);
  return 0;
}
