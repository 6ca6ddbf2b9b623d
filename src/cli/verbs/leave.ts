/** `leave NAME`: forgets a join. */
import type { Invocation } from '../invocation.ts';
import { printJson } from '../print.ts';

/** Prints nothing, or the peer with `--json`. */
export async function leave(call: Invocation): Promise<number> {
  await using daemon = await call.open();
  const peer = await daemon.leave(call.words[0] ?? '');
  if (call.json) await printJson(call.surroundings.stdout, peer);
  return 0;
}
