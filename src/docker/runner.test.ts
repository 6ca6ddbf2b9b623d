import { beforeEach, describe, expect, test } from 'vitest';
import { type RunnerWorld, runnerContract } from '../../test/conformance/runner.ts';
import { FakeRunner } from '../../test/support/fake-runner.ts';

const { signal } = new AbortController();
const recipe = { image: 'web:1', name: 'web', pull: 'missing', body: {} } as const;
const image = { id: 'sha256:1', labels: { from: 'image' }, healthcheck: false };

describe('the runner that other tests use', () => {
  let world: RunnerWorld;
  beforeEach(() => {
    const runner = new FakeRunner();
    runner.images.set('web:1', image);
    world = { runner, image: 'web:1', recipe: (name, from) => ({ ...recipe, name, image: from }), nowhere: 'none:1' };
  });
  runnerContract(() => world);

  test('tells watchers of its engine what happens to containers, and never gives an id again', async () => {
    const runner = new FakeRunner();
    const actions: string[] = [];
    using _watching = runner.engine.watch(({ action }) => actions.push(action));
    await expect(runner.create(recipe, {}, signal)).rejects.toMatchObject({ code: 'WH_ERR_IMAGE_NOT_FOUND' });
    runner.registry.set('web:1', image);
    await runner.pull('web:1', undefined, () => undefined, signal);
    const id = await runner.create(recipe, { ours: '1' }, signal);
    await runner.start(id, signal);
    expect(await runner.engine.find('web', signal)).toMatchObject({ id, running: true, labels: { from: 'image' } });
    await runner.stop(id, signal);
    await runner.remove(id, signal);
    expect(await runner.create(recipe, {}, signal)).not.toBe(id);
    expect(actions).toEqual(['create', 'start', 'die', 'destroy', 'create']);
    expect(runner.journal).toContain(`start ${id}`);
  });

  test("fails and waits at a test's word", async () => {
    const runner = new FakeRunner();
    runner.images.set('web:1', image);
    runner.fail('create', 'WH_ERR_CONTAINER_FAILED', 'disk full');
    await expect(runner.create(recipe, {}, signal)).rejects.toThrow('disk full');
    const id = await runner.create(recipe, {}, signal);
    const { reached, release } = runner.hold('start');
    const starting = runner.start(id, signal);
    await reached;
    expect(runner.facts(id).running).toBe(false);
    release();
    await starting;
    const given = new AbortController();
    void runner.hold('stop').reached.then(() => given.abort());
    await expect(runner.stop(id, given.signal)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
  });

  test('lets a container speak until it ends', async () => {
    const runner = new FakeRunner();
    runner.images.set('web:1', image);
    const id = await runner.create(recipe, {}, signal);
    runner.onStart = () => {
      runner.say(id, 'ready');
      setImmediate(() => runner.exit(id, 1));
    };
    await runner.start(id, signal);
    const lines: string[] = [];
    for await (const line of runner.logs(id, '', signal)) lines.push(line);
    expect(lines).toEqual(['ready']);
    expect(runner.facts(id)).toMatchObject({ exitCode: 1, running: false });
  });
});
