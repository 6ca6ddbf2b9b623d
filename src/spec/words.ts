/**
 * The words of the spec language: one table, for the parser and for the tests that hold docs and help to it.
 *
 * The roles decide where a word binds: `whole` names the wormhole, `place` says where an end is, `head` and `tail`
 * are options, `part` opens a part of a segment, `link` ends it.
 */

interface WordRow {
  readonly role: 'whole' | 'place' | 'head' | 'tail' | 'pool' | 'part' | 'link';
  /** How the argument is called; absent = the word stands alone. */
  readonly argument?: string;
}

/** Every word of the language. */
export const wordTable = {
  id: { role: 'whole', argument: 'ID' },
  label: { role: 'whole', argument: 'KEY=VALUE' },
  url: { role: 'place', argument: 'URL' },
  'docker-ns': { role: 'place', argument: 'CONTAINER' },
  'docker-run': { role: 'place', argument: 'RUNARGS' },
  connect: { role: 'place', argument: 'http|socks5|any' },
  also: { role: 'pool' },
  tail: { role: 'part' },
  trigger: { role: 'part' },
  'max-conns': { role: 'head', argument: 'N' },
  'conn-idle': { role: 'head', argument: 'DUR' },
  mode: { role: 'head', argument: 'OCTAL' },
  owner: { role: 'head', argument: 'USER[:GROUP]' },
  'connect-timeout': { role: 'tail', argument: 'DUR' },
  balance: { role: 'tail', argument: 'rr|least-conn|first|random' },
  'proxy-protocol': { role: 'tail', argument: 'v1|v2' },
  auth: { role: 'tail', argument: 'FILE' },
  ready: { role: 'tail', argument: 'PROBE' },
  timeout: { role: 'tail', argument: 'DUR' },
  idle: { role: 'tail', argument: 'DUR' },
  'on-idle': { role: 'tail', argument: 'stop|pause|remove' },
  child: { role: 'link' },
  chain: { role: 'link' },
  remote: { role: 'link', argument: 'PEER' },
  tunnel: { role: 'link', argument: 'PEER' },
  udptunnel: { role: 'link', argument: 'PEER' },
} as const satisfies Record<string, WordRow>;

export type Word = keyof typeof wordTable;

/** Words that open a part or end a segment: never an argument, unless written `word=ARG`. */
export const structureWords: ReadonlySet<string> = new Set(
  Object.entries(wordTable).flatMap(([word, { role }]) => (role === 'part' || role === 'link' ? [word] : [])),
);

/** What may follow `connect`. */
export const connectKinds = ['http', 'socks5', 'any'] as const;

export function isWord(text: string): text is Word {
  return Object.hasOwn(wordTable, text);
}

/** What kind of word it is. */
export function roleOf(word: Word): WordRow['role'] {
  return wordTable[word].role;
}

/** The argument's name in the grammar, undefined for a word that stands alone. */
export function argumentOf(word: Word): string | undefined {
  const row: WordRow = wordTable[word];
  return row.argument;
}
