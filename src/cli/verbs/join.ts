/** `join HOST`: dials a peer and stays linked. */
import { printable } from '../../spec/invalid.ts';
import { readAs, readHost } from '../host.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Prints the peer's name, by which it is left again. */
export async function join(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const as = readAs(call, 'join');
  const address = readHost('join', call.words[0] ?? '');
  await using daemon = await call.open();
  const peer = await daemon.join({
    address,
    ...(as !== undefined && { as }),
    ...(call.flags['background'] === true && { wait: false }),
  });
  if (call.json) {
    await printJson(stdout, peer);
    return 0;
  }
  await print(stdout, `${printable(peer.name)}\n`);
  const how =
    peer.state === 'up'
      ? `linked with ${printable(peer.address)}, version ${printable(peer.version)}`
      : printable(peer.state);
  await print(stderr, `${how}\n`);
  return 0;
}
