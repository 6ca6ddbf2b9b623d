/** What is left of a wormhole that failed, and of one whose connections live on. */
import { describe, expect, test } from 'vitest';
import { acted, onDemand } from '../../../test/support/on-demand-world.ts';
import { failure, never, registryWorld } from '../../../test/support/registry-world.ts';
import { settle, until } from '../../../test/support/relay-wait.ts';
import { Orphans } from '../activator/orphans.ts';
import { Registry } from './registry.ts';

describe('a create that fails', () => {
  const withChild = ['url', ':80', 'tail', 'docker-run', 'web', 'child', 'url', ':3306', 'tail', 'docker-run', 'web'];

  test('takes its child along: routes, listeners, and the containers of both, the newest first', async () => {
    const { create, runner, surroundings, plane } = onDemand(...withChild);
    surroundings.bound.add('net:[1] tcp 127.0.0.1:80');
    expect((await failure(create())).code).toBe('WH_ERR_LISTEN');
    expect(acted(runner.journal)).toEqual(['create', 'start', 'create', 'start', 'remove', 'remove']);
    expect(runner.engine.containers).toEqual([]);
    expect(plane.routes.map(({ closed }) => closed)).toEqual([true, true]);
    expect(surroundings.bound.size).toBe(1);
    expect(surroundings.followers).toBe(0);
  });

  test('removes the container of a head that did not start', async () => {
    const { create, runner } = onDemand('docker-run', 'web', 'url', ':80', 'tail', 'url', ':81');
    runner.fail('start', 'WH_ERR_CONTAINER_FAILED', 'no such entrypoint');
    expect((await failure(create())).message).toContain('no such entrypoint');
    expect(runner.engine.containers).toEqual([]);
  });
});

describe('a wormhole made again', () => {
  test('finds the container of its head, also when the engine comes up late', async () => {
    const first = onDemand('docker-run', 'web', 'url', ':80', 'tail', 'url', ':81');
    await first.create();
    await first.registry.close(0);
    const { registry, surroundings } = registryWorld(first.memory, first.surroundings);
    surroundings.runner.fail('labelled', 'WH_ERR_DOCKER_UNAVAILABLE', 'not up yet');
    registry.remember([...first.memory.records.values()]);
    await registry.restore(never);
    await until('it is up', () => registry.get('shop').status.state === 'up');
    expect(acted(surroundings.runner.journal)).toEqual(['create', 'start']);
    await registry.remove('shop', false);
    expect(surroundings.runner.engine.containers).toEqual([]);
  });
});

describe('a wormhole that drains', () => {
  const words = ['url', ':80', 'tail', 'docker-ns', 'app', 'child', 'url', ':3306', 'tail', 'url', ':3307'] as const;

  test('keeps the listener of its child until its own last connection has ended', async () => {
    const { create, runner, registry, surroundings, plane } = onDemand(...words);
    const { id } = runner.engine.add('app');
    await create();
    plane.routes[0]?.connect();
    await registry.remove('shop', false);
    expect([...surroundings.bound]).toEqual([`net:[${id.slice(0, 8)}] tcp 127.0.0.1:3306`]);
    plane.routes[0]?.disconnect();
    await until('all is closed', () => plane.routes.every(({ closed }) => closed));
    expect(surroundings.bound.size).toBe(0);
    expect(surroundings.followers).toBe(0);
  });

  test('ends with what is left when it is hurried', async () => {
    const { create, runner, registry, plane } = onDemand(...words);
    runner.engine.add('app');
    await create();
    plane.routes[0]?.connect();
    plane.routes[1]?.connect();
    await registry.remove('shop', false);
    await registry.remove('shop', true);
    expect(plane.routes.every(({ closed }) => closed)).toBe(true);
  });

  test('still counts as a user of the container that its connections lead to', async () => {
    const { create, runner, registry, plane } = onDemand('url', ':80', 'trigger', 'docker-ns', 'db', 'idle', '1ms');
    runner.engine.add('db');
    await registry.create(['id', 'other', 'url', ':81', 'docker-ns', 'db'], never);
    plane.last.connect();
    await registry.remove('other', false);
    await create();
    await plane.last.options.ask?.(never);
    await settle();
    expect(runner.journal).toEqual([]);
    plane.routes[0]?.disconnect();
    await until('it was stopped', () => acted(runner.journal).includes('stop'));
  });
});

describe('delete', () => {
  test('of a wormhole that is being made answers when that is undone', async () => {
    const { create, runner, registry } = onDemand('url', ':80', 'tail', 'docker-run', 'web');
    const start = runner.hold('start');
    const made = failure(create());
    await start.reached;
    await registry.remove('shop', false);
    expect(runner.engine.containers).toEqual([]);
    expect((await made).message).toContain('deleted before it was made');
  });

  test('a daemon that stops waits until a create is undone', async () => {
    const { create, runner, registry } = onDemand('url', ':80', 'tail', 'docker-run', 'web');
    const start = runner.hold('start');
    const made = failure(create());
    await start.reached;
    await registry.close(0);
    expect(runner.engine.containers).toEqual([]);
    await made;
  });

  test('that leaves a container behind has it looked for again', async () => {
    const { runner, surroundings, memory } = onDemand();
    let leftBehind = 0;
    const registry = new Registry({ surroundings, memory, makeId: () => 'x', onLeftBehind: () => void leftBehind++ });
    await registry.create(['id', 'shop', 'url', ':80', 'tail', 'docker-run', 'web'], never);
    runner.fail('remove', 'WH_ERR_DOCKER_UNAVAILABLE', 'the engine is gone');
    await registry.remove('shop', false);
    expect(leftBehind).toBe(1);
    await using orphans = new Orphans({
      runner,
      hostId: () => surroundings.hostId(),
      known: () => false,
      log: surroundings.log,
    });
    runner.fail('labelled', 'WH_ERR_DOCKER_UNAVAILABLE', 'not up yet');
    orphans.remove();
    await until('it is removed', () => runner.engine.containers.length === 0);
  });
});
