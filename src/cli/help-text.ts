/**
 * What help says beyond options: examples, exit codes, variables, and the words of the spec language.
 */
import { vocabularyHelp } from './spec-vocabulary.ts';
import type { VerbRow } from './verb-row.ts';

export const programFooter = `
Without -H and --socket the local daemon is asked through its socket, which
needs no key. An option wins over its variable. NO_COLOR turns colours off.

Exit codes: 0 done, 64 wrong usage, 65 invalid spec, 66 no such wormhole or
  file, 68 no such host, peer or container, 69 no daemon, peer or target
  reached, 73 cannot listen, 75 try again, 77 not permitted, 78 configuration
  or key; all of them with their remedies: docs/errors.md

Examples:
  wormhole create url :3306 docker-ns db      host port 3306 -> the localhost
                                              of container "db"
  wormhole ls                                 what there is
  wormhole help create                        the spec language`;

/** Footer of one verb's help. */
export function helpFooter(verb: VerbRow): string {
  const parts: string[] = [];
  if (verb.takesSpec && !verb.hidden) parts.push(vocabularyHelp());
  if (verb.examples.length > 0) {
    const title = verb.examples.length === 1 ? 'Example:' : 'Examples:';
    parts.push([title, ...verb.examples.map((line) => `  ${line}`)].join('\n'));
  }
  if (verb.takesSpec) parts.push('Options stand before the first word of SPEC, those of `wormhole --help` too.');
  return `\n${parts.join('\n\n')}`;
}
