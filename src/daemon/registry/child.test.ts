/** What `child` and `chain` promise. */
import { describe, expect, test } from 'vitest';
import { onDemand } from '../../../test/support/on-demand-world.ts';
import { failure, never } from '../../../test/support/registry-world.ts';
import { until } from '../../../test/support/relay-wait.ts';

describe('child and chain', () => {
  test('a lazy child listens in the container before readiness is tested', async () => {
    const words = [
      'url',
      ':80',
      'trigger',
      'docker-run',
      'web',
      'child',
      'url',
      ':3306',
      'trigger',
      'docker-run',
      'web',
    ];
    const { create, ask, runner, plane, surroundings } = onDemand(...words);
    const seen: string[] = [];
    surroundings.probe = async () => {
      seen.push(...surroundings.bound);
      return {};
    };
    const entry = await create();
    expect(entry.segments()).toHaveLength(1);
    await ask();
    const inside = runner.engine.containers[0]?.id.slice(0, 8);
    expect(seen).toContain(`net:[${inside}] tcp 127.0.0.1:3306`);
    expect(entry.segments().map(({ state }) => state)).toEqual(['up', 'idle']);
    await plane.routes[1]?.options.ask?.(never);
    expect(runner.engine.containers).toHaveLength(2);
    expect(runner.engine.containers[1]?.labels['dev.wormhole.segment']).toBe('1.0');
  });

  test('the child moves with the container of its parent', async () => {
    const words = ['url', ':80', 'trigger', 'docker-run', 'web', 'child', 'url', ':3306', 'tail', 'url', ':3307'];
    const { create, ask, runner, plane, surroundings } = onDemand(...words);
    await create();
    await ask();
    const { id = '' } = runner.engine.containers[0] ?? {};
    await runner.remove(id, never);
    await until('nothing listens inside', () => ![...surroundings.bound].some((spot) => spot.includes('3306')));
    await ask();
    const again = runner.engine.containers[0]?.id.slice(0, 8);
    expect([...surroundings.bound]).toContain(`net:[${again}] tcp 127.0.0.1:3306`);
    expect(plane.routes).toHaveLength(2);
  });

  test('delete takes the child down, and the containers of both, the newest first', async () => {
    const words = ['url', ':80', 'tail', 'docker-run', 'web', 'child', 'url', ':3306', 'tail', 'docker-run', 'web'];
    const { create, runner, registry, surroundings } = onDemand(...words);
    await create();
    const ids = runner.engine.containers.map(({ id }) => id);
    expect(ids).toHaveLength(2);
    await registry.remove('shop', false);
    expect(surroundings.bound.size).toBe(0);
    expect(runner.journal.filter((line) => line.startsWith('remove'))).toEqual(
      ids.map((id) => `remove ${id}`).reverse(),
    );
  });

  test('XT6 a parent that cannot listen takes its child down, and the containers of both', async () => {
    const words = ['url', ':80', 'tail', 'docker-run', 'web', 'child', 'url', ':3306', 'tail', 'docker-run', 'web'];
    const { create, runner, surroundings, plane } = onDemand(...words);
    surroundings.bound.add('net:[1] tcp 127.0.0.1:80');
    expect((await failure(create())).code).toBe('WH_ERR_LISTEN');
    expect(runner.engine.containers).toEqual([]);
    expect([...surroundings.bound]).toEqual(['net:[1] tcp 127.0.0.1:80']);
    expect(plane.routes.map(({ closed }) => closed)).toEqual([true, true]);
  });

  test('a child that cannot listen fails the create, and nothing is left', async () => {
    const words = ['url', ':80', 'tail', 'url', ':81', 'child', 'url', ':82', 'tail', 'url', ':83'];
    const { create, surroundings, registry } = onDemand(...words);
    surroundings.bound.add('net:[1] tcp 127.0.0.1:82');
    expect((await failure(create())).code).toBe('WH_ERR_LISTEN');
    expect([...surroundings.bound]).toEqual(['net:[1] tcp 127.0.0.1:82']);
    expect(registry.list()).toEqual([]);
  });

  test('a chain dials the next head', async () => {
    const { create, plane } = onDemand('url', ':80', 'chain', 'url', ':81', 'tail', 'url', ':82');
    const entry = await create();
    expect(plane.routes.map((route) => route.addresses)).toEqual([['127.0.0.1:81'], ['127.0.0.1:82']]);
    expect(entry.segments().map(({ url }) => url)).toEqual(['tcp://127.0.0.1:80', 'tcp://127.0.0.1:81']);
  });

  test('a lazy chain is made by the first connection', async () => {
    const { create, ask, plane } = onDemand('url', ':80', 'trigger', 'chain', 'url', ':81', 'tail', 'url', ':82');
    await create();
    expect(plane.routes).toHaveLength(1);
    await ask();
    expect(plane.routes).toHaveLength(2);
  });
});
