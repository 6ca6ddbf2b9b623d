/**
 * `create SPEC…`: reads the files that the spec names and checks it here, so that a mistake in it is told before
 * anything is connected, and has the daemon make the wormhole.
 */
import { printable } from '../../spec/invalid.ts';
import { resolveWords } from '../docker-run/resolve.ts';
import type { Invocation } from '../invocation.ts';
import { makeWormhole } from '../making.ts';
import { print, printJson } from '../print.ts';

/** Prints `ID URL`, the address that is really bound. */
export async function create(call: Invocation): Promise<number> {
  const { stdout } = call.surroundings;
  const words = await resolveWords(call.words, call.surroundings);
  const wormhole = await makeWormhole(call, () => call.open(), words);
  if (call.json) await printJson(stdout, wormhole);
  else await print(stdout, `${printable(wormhole.id)} ${printable(wormhole.url)}\n`);
  return 0;
}
