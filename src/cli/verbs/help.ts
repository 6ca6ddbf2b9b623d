/**
 * `help [CMD]`: the same text that `--help` shows.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Invocation } from '../invocation.ts';
import { print, printJson } from '../print.ts';
import { helpOf, parse } from '../program.ts';
import { findVerb } from '../verb-table.ts';

/** @throws {WormholeError} WH_ERR_USAGE for a command that does not exist, with the likeliest one that does */
export async function help(call: Invocation): Promise<number> {
  const name = call.words[0];
  const verb = name === undefined ? undefined : findVerb(name);
  // The parser knows best how to refuse a word that is no command, and what was meant.
  if (name !== undefined && verb === undefined) {
    parse(['--', name]);
    throw new WormholeError('WH_ERR_USAGE', `unknown command '${name}'`);
  }
  const text = helpOf(verb);
  const { stdout } = call.surroundings;
  if (call.json) await printJson(stdout, { help: text });
  else await print(stdout, text);
  return 0;
}
