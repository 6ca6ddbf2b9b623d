/**
 * The probe `log:REGEX`: follows what the container writes from its start until a line matches.
 */
import { Deadline } from '../../../lib/deadline.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { pause } from '../../../lib/pause.ts';
import { assertAlive } from './ended.ts';
import { LineMatcher } from './line-matcher.ts';
import type { ProbeRunner, ProbeTarget } from './target.ts';

/** Lines read ahead of the expression; then the container has to wait. */
const AHEAD = 1000;
/** Milliseconds until a log that broke off is opened again. */
const AGAIN_MS = 200;

/** @throws {WormholeError} WH_ERR_CONTAINER_FAILED when the container ended without such a line */
export async function untilLogged(
  regex: string,
  target: ProbeTarget,
  runner: ProbeRunner,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await using matcher = new LineMatcher(regex);
  note(`no line of the log has matched ${regex} yet`);
  for (;;) {
    try {
      if (await readLog(target, runner, matcher, signal)) return;
      // It ended: with the container, or with the engine.
      assertAlive(await runner.inspect(target.container, signal), target);
    } catch (error) {
      if (!WormholeError.is(error) || error.code !== 'WH_ERR_DOCKER_UNAVAILABLE') throw error;
      note(error.message);
    }
    await pause(AGAIN_MS, signal);
  }
}

/** @returns true with the first line that matches, false when the log ended */
async function readLog(
  target: ProbeTarget,
  runner: Pick<ProbeRunner, 'logs'>,
  matcher: LineMatcher,
  signal: AbortSignal,
): Promise<boolean> {
  using life = new Deadline(Number.POSITIVE_INFINITY, signal);
  const ahead: string[] = [];
  let found = false;
  let failure: unknown;
  let matching: Promise<void> | undefined;
  const matchAll = async (): Promise<void> => {
    try {
      while (ahead.length > 0 && !found) found = await matcher.match(ahead.splice(0), signal);
    } catch (error) {
      failure = error;
    }
    matching = undefined;
    // The next line may never come: what is known now ends the reading.
    if (found || failure !== undefined) life.abort();
  };
  try {
    for await (const line of runner.logs(target.container, target.startedAt, life.signal)) {
      ahead.push(line);
      matching ??= matchAll();
      if (ahead.length >= AHEAD) await matching;
      if (life.signal.aborted) break;
    }
  } catch (error) {
    if (!life.signal.aborted || signal.aborted) throw error;
  } finally {
    await matching;
  }
  if (failure !== undefined) throw failure;
  return found;
}
