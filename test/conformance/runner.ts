/**
 * What every {@link Runner} does, whoever runs the containers: the suite that Docker, Podman and the fake of other tests pass.
 *
 * Each implementation brings an image whose containers run until they are told to stop.
 */
import { expect, test } from 'vitest';
import type { Runner } from '../../src/docker/runner.ts';
import type { ContainerRecipe } from '../../src/spec/recipe/recipe.ts';

/** One implementation under test. */
export interface RunnerWorld {
  readonly runner: Runner;
  /** An image that is there. */
  readonly image: string;
  /** Recipe of a container without a network that is stopped by SIGKILL. */
  readonly recipe: (name: string, image: string) => ContainerRecipe;
  /** A reference to an image that is nowhere. */
  readonly nowhere: string;
}

const { signal } = new AbortController();

/** @param world asked in each test, when it has been made */
export function runnerContract(world: () => RunnerWorld): void {
  const make = (name: string, labels: Record<string, string> = {}): Promise<string> =>
    world().runner.create(world().recipe(name, world().image), labels, signal);

  test('takes a container through its life, each step also when it was done before', async () => {
    const { runner } = world();
    const id = await make('web', { ours: '1' });
    const facts = () => runner.inspect(id, signal);
    expect(await facts()).toMatchObject({
      id,
      name: 'web',
      state: 'created',
      running: false,
      pid: 0,
      health: 'none',
      error: '',
      labels: { ours: '1' },
    });
    await runner.start(id, signal);
    await runner.start(id, signal);
    expect(await facts()).toMatchObject({ state: 'running', running: true });
    const first = await facts();
    expect(first?.pid).toBeGreaterThan(0);
    await runner.pause(id, signal);
    await runner.pause(id, signal);
    expect(await facts()).toMatchObject({ state: 'paused', running: true });
    await runner.unpause(id, signal);
    await runner.unpause(id, signal);
    expect(await facts()).toMatchObject({ state: 'running' });
    await runner.stop(id, signal);
    await runner.stop(id, signal);
    expect(await facts()).toMatchObject({ state: 'exited', running: false, pid: 0, exitCode: 137, oomKilled: false });
    await runner.start(id, signal);
    const second = await facts();
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThan(Date.parse(first?.startedAt ?? ''));
    await runner.stop(id, signal);
    await runner.remove(id, signal);
    expect(await facts()).toBeUndefined();
  });

  test('stops and removes a paused one, and removes a running one', async () => {
    const { runner } = world();
    for (const end of ['stop', 'remove'] as const) {
      const id = await make(`paused-${end}`);
      await runner.start(id, signal);
      await runner.pause(id, signal);
      await runner[end](id, signal);
      expect((await runner.inspect(id, signal))?.state).toBe(end === 'stop' ? 'exited' : undefined);
    }
    const id = await make('running');
    await runner.start(id, signal);
    await runner.remove(id, signal);
    expect(await runner.inspect(id, signal)).toBeUndefined();
  });

  test('of one that is gone it neither stops nor removes anything, and starts and pauses nothing', async () => {
    const { runner } = world();
    const id = await make('gone');
    await runner.remove(id, signal);
    await runner.remove(id, signal);
    await runner.stop(id, signal);
    expect(await runner.inspect(id, signal)).toBeUndefined();
    const gone = { code: 'WH_ERR_CONTAINER_NOT_FOUND' };
    await expect(runner.start(id, signal)).rejects.toMatchObject(gone);
    await expect(runner.pause(id, signal)).rejects.toMatchObject(gone);
    await expect(runner.unpause(id, signal)).rejects.toMatchObject(gone);
  });

  test('pauses none that does not run', async () => {
    const id = await make('still');
    await expect(world().runner.pause(id, signal)).rejects.toMatchObject({ code: 'WH_ERR_CONTAINER_FAILED' });
  });

  test('finds by label, running or not, and only by all of them', async () => {
    const { runner } = world();
    const one = await make('one', { 'dev.wormhole.id': 'a=b', n: '1' });
    const two = await make('two', { 'dev.wormhole.id': 'a=b', n: '2' });
    await runner.start(two, signal);
    await make('three', { 'dev.wormhole.id': 'a=bc' });
    const found = await runner.labelled({ 'dev.wormhole.id': 'a=b' }, signal);
    expect(new Map(found.map(({ id, running }) => [id, running]))).toEqual(
      new Map([
        [one, false],
        [two, true],
      ]),
    );
    expect(await runner.labelled({ 'dev.wormhole.id': 'a=b', n: '2' }, signal)).toMatchObject([{ id: two }]);
    expect(await runner.labelled({ 'dev.wormhole.id': 'none' }, signal)).toEqual([]);
  });

  test('refuses a name that is taken and an image that is not there', async () => {
    const { runner, recipe, image, nowhere } = world();
    await make('taken');
    await expect(make('taken')).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_EXISTS',
      message: expect.stringContaining('named taken exists') as string,
    });
    await expect(runner.create(recipe('other', nowhere), {}, signal)).rejects.toMatchObject({
      code: 'WH_ERR_IMAGE_NOT_FOUND',
      message: expect.stringContaining(nowhere) as string,
    });
    expect(await runner.image(nowhere, signal)).toBeUndefined();
    expect(await runner.image(image, signal)).toMatchObject({ healthcheck: false });
  });

  test('does nothing for a caller who has gone', async () => {
    const { runner } = world();
    const id = await make('web');
    const given = AbortSignal.abort();
    const aborted = { code: 'WH_ERR_ABORTED' };
    for (const call of ['start', 'stop', 'pause', 'remove', 'inspect'] as const) {
      await expect(runner[call](id, given)).rejects.toMatchObject(aborted);
    }
    await expect(runner.logs(id, '', given)[Symbol.asyncIterator]().next()).rejects.toMatchObject(aborted);
    expect(await runner.inspect(id, signal)).toMatchObject({ state: 'created' });
  });
}
