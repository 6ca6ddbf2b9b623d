/**
 * The words of the spec language: one table, from which the parser, completion and the grammar's tests read.
 *
 * The roles decide where a word binds: `whole` names the wormhole, `place` says where an end is, `head` and `tail`
 * are options, `part` opens a part of a segment, `link` ends it.
 */

interface WordRow {
  readonly role: 'whole' | 'place' | 'head' | 'tail' | 'pool' | 'part' | 'link';
  /** How the argument is called; absent = the word stands alone. */
  readonly argument?: string;
  /** One line for completion and help. */
  readonly meaning: string;
}

/** Every word of the language. */
export const wordTable = {
  id: { role: 'whole', argument: 'ID', meaning: 'name of the wormhole' },
  label: { role: 'whole', argument: 'KEY=VALUE', meaning: 'a label of the wormhole' },
  url: { role: 'place', argument: 'URL', meaning: 'protocol, namespace, host and port, or a unix path' },
  'docker-ns': { role: 'place', argument: 'CONTAINER', meaning: 'inside a running container' },
  'docker-run': { role: 'place', argument: 'RUNARGS', meaning: 'inside a container that is started for it' },
  connect: { role: 'place', argument: 'http|socks5|any', meaning: 'the client names the destination' },
  also: { role: 'pool', meaning: 'one more member of the pool' },
  tail: { role: 'part', meaning: 'where connections end, made at once' },
  trigger: { role: 'part', meaning: 'where connections end, made by the first one' },
  'max-conns': { role: 'head', argument: 'N', meaning: 'connections at once' },
  'conn-idle': { role: 'head', argument: 'DUR', meaning: 'close a connection after so long without a byte' },
  mode: { role: 'head', argument: 'OCTAL', meaning: 'permission bits of a unix socket' },
  owner: { role: 'head', argument: 'USER[:GROUP]', meaning: 'owner of a unix socket' },
  'connect-timeout': { role: 'tail', argument: 'DUR', meaning: 'time to reach a target' },
  balance: { role: 'tail', argument: 'rr|least-conn|first|random', meaning: 'which member of the pool is next' },
  'proxy-protocol': { role: 'tail', argument: 'v1|v2', meaning: "tell the target the client's address" },
  ready: { role: 'tail', argument: 'PROBE', meaning: 'when a started container is ready' },
  timeout: { role: 'tail', argument: 'DUR', meaning: 'time for a container to become ready' },
  idle: { role: 'tail', argument: 'DUR', meaning: 'stop the container after so long without a connection' },
  'on-idle': { role: 'tail', argument: 'stop|pause|remove', meaning: 'what happens to an idle container' },
  child: { role: 'link', meaning: 'one more wormhole, listening where the tail is' },
  chain: { role: 'link', meaning: 'one more wormhole, which the tail leads to' },
  remote: { role: 'link', argument: 'PEER', meaning: 'the rest runs on a peer' },
  tunnel: { role: 'link', argument: 'PEER', meaning: 'the rest runs on a peer, behind a kernel tunnel' },
  udptunnel: { role: 'link', argument: 'PEER', meaning: 'the same, encapsulated in UDP' },
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
