/**
 * Completion inside a spec: the words of the language and, where a container or a peer is meant, those there are.
 */
import { argumentOf, isWord, structureWords } from '../spec/words.ts';
import type { Daemon } from './invocation.ts';
import { choicesOf, specWords, wordTexts } from './spec-vocabulary.ts';

export interface Candidate {
  readonly word: string;
  readonly text?: string;
}

/** Asks the daemon, if it can be asked. */
export type Ask = (question: (daemon: Daemon) => Promise<Candidate[]>) => Promise<Candidate[]>;

/** What may follow `before`, with `current` typed so far; also behind the `=` of `word=ARG`. */
export async function specCandidates(before: readonly string[], current: string, ask: Ask): Promise<Candidate[]> {
  const waiting = waitingWord(before);
  if (waiting === undefined) {
    const at = current.indexOf('=');
    if (at < 0) return words();
    const word = current.slice(0, at);
    return (await values(word, ask)).map((one) => ({ ...one, word: `${word}=${one.word}` }));
  }
  // A head's `docker-ns` may go without an argument, straight on to what comes next.
  const bare = waiting === 'docker-ns' ? words().filter(({ word }) => structureWords.has(word)) : [];
  return [...(await values(waiting, ask)), ...bare];
}

/** The last word of `before`, when it still waits for its argument. */
function waitingWord(before: readonly string[]): string | undefined {
  let waiting: string | undefined;
  for (const word of before) {
    const isArgument = waiting !== undefined && !structureWords.has(word);
    waiting = !isArgument && isWord(word) && argumentOf(word) !== undefined ? word : undefined;
  }
  return waiting;
}

function words(): Candidate[] {
  return specWords().map((word) => ({ word, text: wordTexts[word] }));
}

async function values(word: string, ask: Ask): Promise<Candidate[]> {
  if (word === 'docker-ns') return ask(containers);
  if (isWord(word) && argumentOf(word) === 'PEER') return ask(peers);
  return isWord(word) ? choicesOf(word).map((choice) => ({ word: choice })) : [];
}

export async function containers(daemon: Daemon): Promise<Candidate[]> {
  const { containers } = await daemon.containers();
  return containers.map((one) => ({ word: one.name, text: one.running ? 'running' : 'stopped' }));
}

export async function peers(daemon: Daemon): Promise<Candidate[]> {
  const { peers: all } = await daemon.peers();
  return all.filter(({ state }) => state !== 'invited').map(({ name, state }) => ({ word: name, text: state }));
}
