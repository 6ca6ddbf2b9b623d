/**
 * `explain SPEC…`: what a spec would do, worked out here; needs no daemon and touches nothing.
 */
import { printable } from '../../spec/invalid.ts';
import { explain, parse, plan, redactChain } from '../../spec/spec.ts';
import { resolveWords } from '../docker-run/resolve.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

export async function explainVerb(call: Invocation): Promise<number> {
  const { stdout } = call.surroundings;
  const chain = parse(await resolveWords(call.words, call.surroundings));
  // Mistakes are found in what was given; shown is what may be shown.
  plan(chain);
  const whole = plan(redactChain(chain));
  if (call.json) await printJson(stdout, whole);
  else
    await print(
      stdout,
      explain(whole)
        .map((line) => `${printable(line)}\n`)
        .join(''),
    );
  return 0;
}
