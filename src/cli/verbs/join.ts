/** `join HOST`: dials a peer and stays linked. */
import { printable } from '../../spec/invalid.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Prints the peer's name, by which it is left again. */
export async function join(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const { as, background } = call.flags;
  await using daemon = await call.open();
  const peer = await daemon.join({
    address: call.words[0] ?? '',
    ...(typeof as === 'string' && { as }),
    ...(background === true && { wait: false }),
  });
  if (call.json) {
    await printJson(stdout, peer);
    return 0;
  }
  await print(stdout, `${printable(peer.name)}\n`);
  const how =
    peer.state === 'up' ? `linked with ${printable(peer.address)}, version ${printable(peer.version)}` : peer.state;
  await print(stderr, `${how}\n`);
  return 0;
}
