/**
 * `help [CMD]`: the same text that `--help` shows.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Verb } from '../invocation.ts';
import { print, printJson } from '../print.ts';
import { helpOf, parse } from '../program.ts';
import type { VerbTable } from '../verb-row.ts';

/** Throws WH_ERR_USAGE for a command that does not exist, with the likeliest one that does. */
export function helpWith(table: VerbTable): Verb {
  return async (call) => {
    const name = call.words[0];
    const verb = name === undefined ? undefined : table.find(name);
    // The parser knows best how to refuse a word that is no command, and what was meant.
    if (name !== undefined && verb === undefined) {
      parse(['--', name], table);
      throw new WormholeError('WH_ERR_USAGE', `unknown command '${name}'`);
    }
    const text = helpOf(table, verb);
    const { stdout } = call.surroundings;
    if (call.json) await printJson(stdout, { help: text });
    else await print(stdout, text);
    return 0;
  };
}
