/**
 * `completion SHELL`: the script that teaches a shell our words.
 */
import { WormholeError } from '../../lib/errors.ts';
import { completionScripts } from '../completion-scripts.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';

/** @throws {WormholeError} WH_ERR_USAGE for a shell without a script */
export async function completion(call: Invocation): Promise<number> {
  const shell = call.words[0] ?? '';
  const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
  if (script === undefined) {
    const known = Object.keys(completionScripts).join(', ');
    throw new WormholeError('WH_ERR_USAGE', `no completion for the shell '${shell}'; there is one for ${known}`, {
      detail: { verb: 'completion' },
    });
  }
  const { stdout } = call.surroundings;
  if (call.json) await printJson(stdout, { shell, script });
  else await print(stdout, script);
  return 0;
}
