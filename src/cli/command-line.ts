/**
 * What a command line means, before anything is done about it: a verb with its words and flags, or a text to show.
 *
 * {@link plainLine} recognises the two calls that must be quick without loading commander, which would cost as much
 * time as the call itself; a test holds it to the same answers. Everything else is parsed by `program.ts`.
 */
import type { Flags } from './invocation.ts';
import type { VerbRow, VerbTable } from './verb-row.ts';

export type CommandLine =
  | { readonly kind: 'call'; readonly verb: VerbRow; readonly words: readonly string[]; readonly flags: Flags }
  /** Help or a version, asked for. */
  | { readonly kind: 'text'; readonly text: string };

/** Reads a command line that needs no parser, if it is one: the commonest, and the one that a finger waits for. */
export function plainLine(argv: readonly string[], table: VerbTable): CommandLine | undefined {
  if (argv[0] === '__complete' && argv[1] === '--') {
    const verb = table.find('__complete');
    return verb && { kind: 'call', verb, words: argv.slice(2), flags: {} };
  }
  return plainPing(argv, table);
}

const switches: ReadonlyMap<string, string> = new Map([
  ['--json', 'json'],
  ['-v', 'verbose'],
  ['--verbose', 'verbose'],
]);
const settings: ReadonlyMap<string, string> = new Map([
  ['-H', 'host'],
  ['--host', 'host'],
  ['-K', 'keyFile'],
  ['--key-file', 'keyFile'],
  ['--socket', 'socket'],
]);

/** Reads `[OPTION]… ping [HOST]` in its plain spelling; anything in doubt is left to the whole parser. */
function plainPing(argv: readonly string[], table: VerbTable): CommandLine | undefined {
  const flags: Record<string, string | boolean> = {};
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    const name = switches.get(word);
    const setting = settings.get(word);
    if (name !== undefined) flags[name] = true;
    else if (setting !== undefined) {
      const value = argv[(at += 1)];
      if (value === undefined) return undefined;
      flags[setting] = value;
    } else break;
  }
  const verb = argv[at] === 'ping' ? table.find('ping') : undefined;
  const words = argv.slice(at + 1);
  if (verb === undefined || words.length > 1 || words[0]?.startsWith('-') === true) return undefined;
  return { kind: 'call', verb, words, flags };
}
