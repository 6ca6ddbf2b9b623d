/** `tunnel-gc`: removes what is left of tunnels that are not whole any more; one line for each on stdout. */
import { printable } from '../../spec/invalid.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

export async function tunnelGc(call: Invocation): Promise<number> {
  const { stdout } = call.surroundings;
  await using daemon = await call.open();
  const swept = await daemon.sweepTunnels();
  if (call.json) await printJson(stdout, swept);
  else for (const one of swept.removed) await print(stdout, `${printable(one)}\n`);
  return 0;
}
