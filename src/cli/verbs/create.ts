/**
 * `create SPEC…`: checks the spec here, so that a mistake in it is told before anything is connected, and has
 * the daemon make the wormhole.
 */
import { printable } from '../../spec/invalid.ts';
import { parse, plan } from '../../spec/spec.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** Prints `ID URL`, the address that is really bound. */
export async function create(call: Invocation): Promise<number> {
  const { stdout } = call.surroundings;
  plan(parse(call.words));
  await using daemon = await call.open();
  const wormhole = await daemon.create(call.words);
  if (call.json) await printJson(stdout, wormhole);
  else await print(stdout, `${printable(wormhole.id)} ${printable(wormhole.url)}\n`);
  return 0;
}
