/**
 * `__complete -- WORD…`: what may stand in place of the last word; called by the shells' scripts.
 *
 * Never fails and never waits long: a completion that cannot be had is no completion.
 */
import { printable } from '../../spec/invalid.ts';
import { completionScripts } from '../completion-scripts.ts';
import type { Daemon, Invocation, Verb } from '../invocation.ts';
import { optionsOf, type PartialLine, partialLine, spellings } from '../partial-line.ts';
import { print } from '../print.ts';
import { type Ask, type Candidate, containers, peers, specCandidates } from '../spec-candidates.ts';
import { tunnelTypes } from '../tunnel-types.ts';
import type { OptionRow, VerbTable } from '../verb-row.ts';
import { whereabouts } from '../whereabouts.ts';

/** Milliseconds for asking the daemon: a person waits with a finger on the key. */
const patienceMs = 700;

const files: readonly Candidate[] = [{ word: ':files' }];

export function completeWith(table: VerbTable): Verb {
  return async (call) => await complete(call, table);
}

async function complete(call: Invocation, table: VerbTable): Promise<number> {
  const line = partialLine(call.words, table);
  const candidates = await candidatesFor(line, table, (ask) => quietly(call, line, ask));
  const fitting = candidates.filter(({ word }) => word === ':files' || word.startsWith(line.current));
  const lines = fitting.map(({ word, text }) =>
    text === undefined ? printable(word) : `${printable(word)}\t${printable(text)}`,
  );
  await print(call.surroundings.stdout, lines.map((one) => `${one}\n`).join(''));
  return 0;
}

async function candidatesFor(line: PartialLine, table: VerbTable, ask: Ask): Promise<readonly Candidate[]> {
  const { verb, current, operands } = line;
  if (line.argumentOf !== undefined) return await argumentCandidates(line.argumentOf, ask);
  if (line.optionsAllowed && current.startsWith('-')) {
    return optionsOf(verb, table).flatMap((row) => spellings(row).map((word) => ({ word, text: row.text })));
  }
  const verbNames = table.verbs.filter(({ hidden }) => !hidden).map((row) => ({ word: row.name, text: row.summary }));
  if (verb === undefined) return verbNames;
  if (verb.takesSpec) return specCandidates(operands, current, ask);
  if (/FILE|DIR/.test(verb.operands)) return operands.length === 0 ? files : [];
  if (operands.length > 0 && !verb.operands.includes('...')) return [];
  if (verb.operands.includes('ID')) return (await ask(ids)).filter(({ word }) => !operands.includes(word));
  if (/HOST|NAME/.test(verb.operands)) return await ask(peers);
  if (verb.operands.includes('CMD')) return verbNames;
  if (verb.operands.includes('SHELL')) return Object.keys(completionScripts).map((word) => ({ word }));
  return [];
}

async function argumentCandidates({ flags }: OptionRow, ask: Ask): Promise<readonly Candidate[]> {
  if (/FILE|PATH|DIR/.test(flags)) return files;
  if (flags.startsWith('--type')) return tunnelTypes.map((word) => ({ word }));
  if (flags.startsWith('--withdraw')) return await ask(invitations);
  if (flags.includes('--target')) return await ask(peers);
  // What runs on a peer is not for this host to know, but for the ends of its own tunnels.
  if (flags.startsWith('--peer-attach')) return await ask(farEnds);
  return flags.includes('CONTAINER') ? await ask(containers) : [];
}

async function farEnds(daemon: Daemon): Promise<Candidate[]> {
  const { tunnels } = await daemon.tunnels();
  const named = tunnels.filter(({ peerAttach }) => peerAttach !== '');
  return named.map(({ peerAttach, peer }) => ({ word: peerAttach, text: `of ${peer}` }));
}

async function invitations(daemon: Daemon): Promise<Candidate[]> {
  const { peers: all } = await daemon.peers();
  return all.filter(({ state }) => state === 'invited').map(({ name, reason }) => ({ word: name, text: reason }));
}

async function ids(daemon: Daemon): Promise<Candidate[]> {
  const { wormholes } = await daemon.list();
  return wormholes.map((one) => ({ word: one.id, text: `${one.state} ${one.url}` }));
}

/** Asks the daemon that the unfinished line names; no answer, no candidates. */
async function quietly(
  call: Invocation,
  line: PartialLine,
  ask: (daemon: Daemon) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const { connect, env, signal } = call.surroundings;
  try {
    const where = whereabouts(line.flags, env);
    await using daemon = await connect({ ...where, timeoutMs: patienceMs, signal });
    return await ask(daemon);
  } catch {
    return [];
  }
}
