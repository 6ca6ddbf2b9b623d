/** All checks of `wormhole doctor`, in the order in which one would mend things. */
import type { Check } from '../../spec/api.ts';
import { capabilities } from './capabilities.ts';
import { type Circumstances, type Examine, fail } from './check.ts';
import { clock } from './clock.ts';
import { docker } from './docker.ts';
import { exposure } from './exposure.ts';
import { kernel } from './kernel.ts';
import { key } from './key.ts';
import { nofile } from './nofile.ts';
import { policy } from './policy.ts';
import { sockets } from './sockets.ts';
import { state } from './state.ts';
import { tunnels } from './tunnels.ts';

const CHECKS: Readonly<Record<string, Examine>> = {
  kernel,
  tunnels,
  capabilities,
  nofile,
  sockets,
  exposure,
  key,
  policy,
  state,
  docker,
  clock,
};

/** A check that breaks is a finding like any other. */
export async function examine(circumstances: Circumstances, signal: AbortSignal): Promise<Check[]> {
  const results = await Promise.all(
    Object.entries(CHECKS).map(async ([name, check]) => {
      try {
        return await check(circumstances, signal);
      } catch (error) {
        return [fail(name, `the check itself failed: ${String(error)}`, 'please report this')];
      }
    }),
  );
  return results.flat();
}
