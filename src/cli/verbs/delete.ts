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
  const failures: WormholeError[] = [];
  for (const id of new Set(call.words)) {
    try {
      await daemon.delete(id, { now: call.flags['now'] === true });
      deleted.push(id);
    } catch (error) {
      signal.throwIfAborted();
      const failure = known(error);
      if (failure.code === 'WH_ERR_WORMHOLE_NOT_FOUND' && call.flags['ignoreMissing'] === true) continue;
      failures.push(failure);
    }
  }
  const [first, ...others] = failures;
  if (first !== undefined) {
    if (call.json) throw new PartialFailure(first, { deleted, problems: failures.map(toProblem) });
    // The first goes to whoever called, to be told like any other; told here, the others would come before it.
    if (others.length === 0) throw first;
    for (const failure of failures) await tell(failure, stderr);
    return first.exitCode;
  }
  if (call.json) await printJson(stdout, { deleted });
  return 0;
}
