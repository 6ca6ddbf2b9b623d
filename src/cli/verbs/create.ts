/**
 * `create SPEC…`: reads the files that the spec names and checks it here, so that a mistake in it is told before
 * anything is connected, and has the daemon make the wormhole.
 */
import { printable } from '../../spec/invalid.ts';
import { parse, plan } from '../../spec/spec.ts';
import { resolveWords } from '../docker-run/resolve.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Prints `ID URL`, the address that is really bound. */
export async function create(call: Invocation): Promise<number> {
  const { stdout } = call.surroundings;
  const words = await resolveWords(call.words, call.surroundings);
  plan(parse(words));
  await using daemon = await call.open();
  const wormhole = await daemon.create(words);
  if (call.json) await printJson(stdout, wormhole);
  else await print(stdout, `${printable(wormhole.id)} ${printable(wormhole.url)}\n`);
  return 0;
}
