/**
 * The words of the spec language as help and completion show them: the words come from `src/spec`, a line on each
 * from here; the compiler sees to it that none is forgotten.
 */
import { argumentOf, roleOf, type Word, wordTable } from '../spec/words.ts';

type Role = ReturnType<typeof roleOf>;

/** What each word says, for somebody who looks for it. */
export const wordTexts: Readonly<Record<Word, string>> = {
  url: '[tcp|udp|unix://][NS@][HOST][:PORT]',
  'docker-ns': 'inside a container; one given by name is followed',
  'docker-run': 'inside a container started for it; ARGS of docker run',
  connect: 'the client names the target: http, socks5 or any',
  tail: 'the target follows, made ready at once',
  trigger: 'the target follows, made ready by the first connection',
  also: 'one more target of the same pool follows',
  child: 'a second wormhole follows, listening beside this target',
  chain: 'the same, and this target is its listener',
  remote: 'the rest runs on another daemon, through a carrier',
  tunnel: 'the rest runs on another daemon, through a kernel tunnel',
  udptunnel: 'the same in UDP, for NAT',
  'max-conns': 'connections at once',
  'conn-idle': 'closes a connection without a byte for so long',
  mode: 'permissions of a unix socket, e.g. 0660',
  owner: 'who owns a unix socket',
  'connect-timeout': 'for all attempts of one connection; 5s unless given',
  balance: 'shares out a pool: rr, least-conn, first or random',
  'proxy-protocol': 'tells the target who connects: v1 or v2',
  auth: 'the users that connect serves, USER:PASSWORD a line',
  ready: 'tcp, http:PORT/PATH, health, log:REGEX or none',
  timeout: 'from the start of a container to its readiness',
  idle: 'stops the container after so long without a connection',
  'on-idle': 'what to do then: stop, pause or remove',
  id: 'its name; one is made up unless given',
  label: 'a note of yours on it',
};

const sections: ReadonlyArray<readonly [title: string, ...roles: Role[]]> = [
  ['Places: of the listener; behind "tail" or "trigger" of the target', 'place'],
  ['Parts', 'part', 'pool'],
  ['Links', 'link'],
  ['Options of the listener', 'head'],
  ['Options of the target', 'tail'],
  ['Anywhere', 'whole'],
];

const notes = `Without "tail" and "trigger", docker-ns and docker-run describe the target. A
target has the listener's port and protocol unless given. word=ARG takes ARG
literally. NS: a name of \`ip netns\`, pid:N or container:NAME. DUR: 500ms, 30s,
5m, 2h. The whole grammar: docs/grammar.md`;

/** All words, in the order of the table. */
export function specWords(): Word[] {
  return Object.keys(wordTable) as Word[];
}

/** Arguments that a word chooses from, e.g. `rr`; empty when it takes anything. */
export function choicesOf(word: Word): readonly string[] {
  const argument = argumentOf(word) ?? '';
  if (word === 'ready') return ['tcp', 'http:', 'health', 'log:', 'none'];
  return argument.includes('|') ? argument.split('|') : [];
}

/** The language on one screen. */
export function vocabularyHelp(): string {
  const usage = (word: Word): string => {
    const argument = argumentOf(word);
    if (argument === undefined) return word;
    return `${word} ${argument.includes('|') ? 'HOW' : argument}`;
  };
  const width = Math.max(...specWords().map((word) => usage(word).length));
  const parts = sections.map(([title, ...roles]) => {
    const rows = specWords().filter((word) => roles.includes(roleOf(word)));
    return [`${title}:`, ...rows.map((word) => `  ${usage(word).padEnd(width)}  ${wordTexts[word]}`)].join('\n');
  });
  return [...parts, notes].join('\n');
}
