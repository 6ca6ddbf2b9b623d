/**
 * `compose FILE`: the wormholes that make the services of a compose file start when somebody connects; printed, or created.
 */
import { dirname } from 'node:path';
import type { WormholeError } from '../../lib/errors.ts';
import { CONTROL_SOCKET } from '../../spec/address.ts';
import type { Wormhole } from '../../spec/api.ts';
import { parseTimeout } from '../../spec/duration.ts';
import { printable } from '../../spec/invalid.ts';
import { quote } from '../../spec/spec.ts';
import { Findings } from '../compose/findings.ts';
import { load } from '../compose/load.ts';
import { projectName } from '../compose/project.ts';
import type { Sentence } from '../compose/sentence.ts';
import { translate } from '../compose/translate.ts';
import { readVolumeNames } from '../compose/volumes.ts';
import { absolutePath } from '../docker-run/path.ts';
import { known, tell } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { makeWormhole } from '../making.ts';
import { optional, reading } from '../option.ts';
import { print, printJson } from '../print.ts';
import { openToUndo } from '../undoing.ts';

const VERB = 'compose';
const IDLE_DEFAULT = '15m';
const BIND_DEFAULT = '127.0.0.1';

export async function compose(call: Invocation): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const findings = new Findings();
  let sentences: readonly Sentence[];
  let project: string;
  try {
    ({ sentences, project } = await read(call, findings));
  } finally {
    await print(stderr, findings.notes.map((note) => `${printable(note)}\n`).join(''));
  }
  if (call.flags['apply'] === true) return await apply(call, project, sentences, findings.notes);
  if (call.json) {
    await printJson(stdout, { project, wormholes: sentences, notes: findings.notes });
    return 0;
  }
  await print(stdout, sentences.map(({ words }) => `wormhole create ${quote(words)}\n`).join(''));
  return 0;
}

async function read(
  call: Invocation,
  findings: Findings,
): Promise<{ sentences: readonly Sentence[]; project: string }> {
  const { words, surroundings } = call;
  const [file = '', ...only] = words;
  const idle = idleOf(call);
  const { document, directory, get, readFile } = await load(
    absolutePath(file, surroundings),
    surroundings.env,
    findings,
  );
  const variable = get('COMPOSE_PROJECT_NAME');
  const project = projectName({
    given: optional(call, VERB, '--project'),
    variable,
    declared: document['name'],
    directory,
  });
  const named = readVolumeNames(project, document['volumes'], findings);
  const sources = { project, directory, home: surroundings.env['HOME'], named, readFile, get };
  const bind = optional(call, VERB, '--bind') ?? BIND_DEFAULT;
  const runDirectory = optional(call, VERB, '--run-dir') ?? dirname(CONTROL_SOCKET);
  return { sentences: translate(document, { sources, only, idle, bind, runDirectory }, findings), project };
}

/** All of them or none: what was created goes again, newest first. */
async function apply(
  call: Invocation,
  project: string,
  sentences: readonly Sentence[],
  notes: readonly string[],
): Promise<number> {
  const { stdout, stderr } = call.surroundings;
  const wormholes: Wormhole[] = [];
  try {
    for (const { words } of sentences) wormholes.push(await makeWormhole(call, () => call.open(), words));
  } catch (error) {
    for (const failure of await undo(call, wormholes)) await tell(failure, stderr);
    throw error;
  }
  if (call.json) await printJson(stdout, { project, wormholes, notes });
  else await print(stdout, wormholes.map(({ id, url }) => `${printable(id)} ${printable(url)}\n`).join(''));
  return 0;
}

async function undo(call: Invocation, wormholes: readonly Wormhole[]): Promise<WormholeError[]> {
  if (wormholes.length === 0) return [];
  const failures: WormholeError[] = [];
  try {
    await using daemon = await openToUndo(call);
    for (const { id } of wormholes.toReversed()) {
      await daemon.delete(id, { now: true }).catch((error: unknown) => failures.push(known(error)));
    }
  } catch (error) {
    failures.push(known(error));
  }
  return failures;
}

/** @throws {WormholeError} WH_ERR_USAGE */
function idleOf(call: Invocation): string | undefined {
  const idle = optional(call, VERB, '--idle') ?? IDLE_DEFAULT;
  if (idle === 'never') return undefined;
  reading(VERB, '--idle (a duration, or never)', () => parseTimeout(idle));
  return idle;
}
