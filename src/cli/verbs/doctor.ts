/**
 * `doctor`: what is wrong and what to do about it, as seen from here and, when the daemon answers, from there.
 */
import { Exit } from '../../lib/errors.ts';
import type { Check } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import { checkDaemon, checkKeyFile, checkSocket } from '../client-checks.ts';
import type { Invocation } from '../invocation.ts';
import { type Colour, painter } from '../paint.ts';
import { print, printJson } from '../print.ts';

const colours: Readonly<Record<Check['state'], Colour>> = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' };

/** Answers 69 when any check fails: something is not available. */
export async function doctor(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  const checks = [checkSocket(call.whereabouts), checkKeyFile(call.whereabouts), ...(await checkDaemon(call))];
  const failed = checks.filter(({ state }) => state === 'fail').length;
  if (call.json) await printJson(stdout, { checks });
  else {
    const paint = painter(stdout, env);
    const width = Math.max(...checks.map(({ name }) => name.length));
    const lines = checks.map((one) => {
      const remedy = one.remedy === '' ? '' : `${' '.repeat(8 + width)}-> ${printable(one.remedy)}\n`;
      return `${paint(colours[one.state], one.state.padEnd(4))}  ${printable(one.name).padEnd(width)}  ${printable(one.detail)}\n${remedy}`;
    });
    const warned = checks.filter(({ state }) => state === 'warn').length;
    await print(stdout, `${lines.join('')}${checks.length} checks, ${failed} failed, ${warned} to look at\n`);
  }
  return failed > 0 ? Exit.unavailable : Exit.ok;
}
