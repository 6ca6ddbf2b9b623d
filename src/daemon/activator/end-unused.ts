/**
 * Ends a container unless somebody needs it: the one way in which a container is stopped, paused or removed while its
 * wormhole lives.
 *
 * The race with a connection that arrives just then is closed in three steps: new ones are made to wait, those that came
 * before are counted once more, and only then the container is ended, in its turn.
 */
import type { Runner } from '../../docker/runner.ts';
import type { Turns } from './turns.ts';
import type { Use, Uses } from './uses.ts';
import type { OnIdle, Workload } from './workload.ts';

export interface Ending {
  readonly workload: Workload;
  /** Full id of that which was found unused; by the time its turn comes, the workload may have another. */
  readonly container: string;
  readonly how: OnIdle;
  readonly uses: Uses;
  readonly turns: Turns;
  /** Whose need does not count: it gave the container up. */
  readonly except?: Use;
}

/** @returns false when somebody needs it after all */
export async function endUnused(ending: Ending, signal: AbortSignal): Promise<boolean> {
  const { workload, container, how, uses, turns, except } = ending;
  const end = async (): Promise<boolean> => {
    if (!(await uses.suspend(container, except))) return false;
    try {
      await workload.rest(container, how, signal);
    } catch (error) {
      await uses.resume(container);
      throw error;
    }
    return true;
  };
  return await turns.run(container, end, signal);
}

/** Lets connections through to a container that runs, although it had been kept from them: somebody else made it go on. */
export async function resumeIfRunning(
  container: string,
  { uses, turns, runner }: Pick<Ending, 'uses' | 'turns'> & { readonly runner: Pick<Runner, 'inspect'> },
  signal: AbortSignal,
): Promise<void> {
  const look = async (): Promise<void> => {
    if ((await runner.inspect(container, signal))?.state === 'running') await uses.resume(container);
  };
  // In its turn: while it is being ended it may run still.
  await turns.run(container, look, signal);
}
