/**
 * Makes an existing container run, whatever state it is in.
 *
 * Called in the container's turn: nobody stops or pauses it meanwhile.
 */
import type { ContainerFacts, Runner } from '../../docker/runner.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Started, StartReport } from './workload.ts';

/**
 * @param before as it was seen in this turn; undefined = it was made just now
 * @throws {WormholeError} WH_ERR_CONTAINER_NOT_FOUND, WH_ERR_CONTAINER_FAILED, WH_ERR_DOCKER_UNAVAILABLE
 */
export async function startContainer(
  id: string,
  before: ContainerFacts | undefined,
  runner: Runner,
  { trace, begun }: Pick<StartReport, 'trace' | 'begun'>,
  signal: AbortSignal,
): Promise<Started> {
  if (before?.state === 'running' || before?.state === 'paused') {
    if (before.state === 'paused') await runner.unpause(id, signal);
    const { startedAt, health } = before;
    return { container: id, startedAt, fresh: false, healthcheck: health !== 'none' };
  }
  try {
    await runner.start(id, signal);
  } catch (error) {
    if (!isRefusal(error)) begun();
    throw error;
  }
  begun();
  trace.reach('started');
  // The engine knows only of a container that has been started when it was, and whether its health is watched.
  const { startedAt, health } = await lookAt(id, runner, signal);
  return { container: id, startedAt, fresh: true, healthcheck: health !== 'none' };
}

/** @throws {WormholeError} WH_ERR_CONTAINER_NOT_FOUND when it was removed */
export async function lookAt(id: string, runner: Runner, signal: AbortSignal): Promise<ContainerFacts> {
  const facts = await runner.inspect(id, signal);
  if (facts !== undefined) return facts;
  throw new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `container ${id.slice(0, 12)} was removed meanwhile`, {
    detail: { container: id },
  });
}

/** Whether the engine has said that it does not run; any other failure leaves that open. */
function isRefusal(error: unknown): boolean {
  return WormholeError.is(error) && ['WH_ERR_CONTAINER_FAILED', 'WH_ERR_CONTAINER_NOT_FOUND'].includes(error.code);
}
