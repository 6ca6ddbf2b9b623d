/**
 * `delete ID…`: every ID is tried, whatever became of those before it; the first failure decides the exit code.
 */
import type { WormholeError } from '../../lib/errors.ts';
import { toProblem } from '../../lib/problem.ts';
import { known, PartialFailure, tell } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { printJson } from '../print.ts';

export async function deleteVerb(call: Invocation): Promise<number> {
  const { stdout, stderr, signal } = call.surroundings;
  await using daemon = await call.open();
  const deleted: string[] = [];
  const missing: string[] = [];
  const failures: WormholeError[] = [];
  for (const id of new Set(call.words)) {
    try {
      await daemon.delete(id, { now: call.flags['now'] === true });
      deleted.push(id);
    } catch (error) {
      signal.throwIfAborted();
      const failure = known(error);
      const forgiven = failure.code === 'WH_ERR_WORMHOLE_NOT_FOUND' && call.flags['ignoreMissing'] === true;
      if (forgiven) missing.push(id);
      else failures.push(failure);
    }
  }
  const [first, ...others] = failures;
  if (first !== undefined) {
    if (call.json) throw new PartialFailure(first, { deleted, missing, problems: failures.map(toProblem) });
    if (others.length === 0) throw first;
    for (const failure of failures) await tell(failure, stderr);
    return first.exitCode;
  }
  if (call.json) await printJson(stdout, { deleted, missing });
  return 0;
}
