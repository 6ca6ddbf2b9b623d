/** What `trigger` and `docker-run` promise. */
import { describe, expect, test } from 'vitest';
import { acted, image, onDemand } from '../../../test/support/on-demand-world.ts';
import { failure, never, registryWorld } from '../../../test/support/registry-world.ts';
import { until } from '../../../test/support/relay-wait.ts';
import type { Event } from '../../spec/api.ts';
import { Registry } from './registry.ts';

describe('trigger docker-run', () => {
  test('starts nothing before the first connection, then once, and gives its address', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    const entry = await create();
    expect(entry.status).toEqual({ state: 'idle', reason: '' });
    expect(runner.journal).toEqual([]);
    const { targets } = await ask();
    expect(acted(runner.journal)).toEqual(['create', 'start']);
    expect(targets.map(({ address }) => address)).toEqual([{ kind: 'ip', host: '127.0.0.1', port: 80 }]);
    expect(entry.status.state).toBe('up');
    expect(runner.engine.containers[0]?.labels).toMatchObject({
      'dev.wormhole.id': 'shop',
      'dev.wormhole.segment': '0.0',
      'dev.wormhole.host': '00000000000000aa',
    });
  });

  test('pulls an image that is missing, and says how far it is', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-run', 'far');
    runner.registry.set('far', image);
    const entry = await create();
    const held = runner.hold('pull');
    const asked = ask();
    await held.reached;
    expect(entry.status.state).toBe('starting');
    held.release();
    await asked;
    expect(acted(runner.journal)).toEqual(['pull', 'create', 'start']);
    expect(entry.segments()[0]?.coldStarts[0]?.stations.map(({ station }) => station)).toEqual(
      expect.arrayContaining(['pulled', 'created', 'started', 'entered', 'ready']),
    );
  });

  test('a failure is told to those who wait, and the next attempt starts the same container', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    const entry = await create();
    runner.fail('start', 'WH_ERR_CONTAINER_FAILED', 'no such entrypoint');
    expect((await failure(ask())).message).toContain('no such entrypoint');
    expect(entry.status).toEqual({ state: 'failed', reason: 'no such entrypoint' });
    await ask();
    expect(acted(runner.journal)).toEqual(['create', 'start', 'start']);
    expect(runner.engine.containers).toHaveLength(1);
    expect(entry.status.state).toBe('up');
  });

  test('A26 a container that ends at once is not started in a loop, and the reason is its exit code', async () => {
    const { create, ask, runner, surroundings } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    surroundings.probe = (_probe, _target, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    runner.onStart = ({ id }) => void setImmediate(() => runner.exit(id, 3));
    await create();
    const reasons: string[] = [];
    for (let i = 0; i < 6; i++) reasons.push((await failure(ask())).message);
    expect(reasons[0]).toContain('exit code 3');
    expect(reasons.at(-1)).toMatch(/failed \d times, tried again in \d+ s; last: .*exit code 3/);
    expect(acted(runner.journal).filter((call) => call === 'create')).toHaveLength(1);
    expect(acted(runner.journal).filter((call) => call === 'start').length).toBeLessThan(6);
  });

  test('a container that ends is started again by the next connection', async () => {
    const { create, ask, runner, plane } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    const entry = await create();
    await ask();
    const [container] = runner.engine.containers;
    runner.exit(container?.id ?? '', 1);
    await until('it is idle', () => entry.status.state === 'idle');
    expect(plane.last.targets.targets).toEqual([]);
    await ask();
    expect(acted(runner.journal)).toEqual(['create', 'start', 'start']);
  });

  test('one that was removed is made anew', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    const entry = await create();
    await ask();
    await runner.remove(runner.engine.containers[0]?.id ?? '', never);
    await until('it is idle', () => entry.status.state === 'idle');
    await ask();
    expect(acted(runner.journal)).toEqual(['create', 'start', 'remove', 'create', 'start']);
  });

  test('one that is its own, and bears the name already, is taken up', async () => {
    const { create, ask, runner, registry } = onDemand('url', ':80', 'trigger', 'docker-run', '--name one web');
    await create();
    await ask();
    runner.fail('remove', 'WH_ERR_DOCKER_UNAVAILABLE', 'the engine is away');
    await registry.remove('shop', false);
    await create();
    expect((await ask(1)).targets).toHaveLength(1);
    expect(runner.engine.containers).toHaveLength(1);
  });

  test('WF11 one of somebody else that bears the name is left alone', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-run', '--name one web');
    const { id } = runner.engine.add('one');
    await create();
    expect((await failure(ask())).code).toBe('WH_ERR_CONTAINER_EXISTS');
    expect(runner.engine.containers.map((container) => container.id)).toEqual([id]);
  });

  test('delete removes the container', async () => {
    const { create, ask, runner, registry } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    await create();
    await ask();
    await registry.remove('shop', false);
    expect(runner.engine.containers).toEqual([]);
  });

  test('delete --now has removed the container when it is done, also of one that has connections or drains already', async () => {
    const { create, ask, runner, registry, plane } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    await create();
    await ask();
    plane.last.connect();
    await registry.remove('shop', false);
    expect(runner.engine.containers).toHaveLength(1);
    await registry.remove('shop', true);
    expect(runner.engine.containers).toEqual([]);
  });

  test('a daemon that stops leaves it running, and the next one finds it by its labels', async () => {
    const first = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    await first.create();
    await first.ask();
    await first.registry.close(0);
    expect(first.runner.engine.containers[0]?.running).toBe(true);
    const { registry, surroundings } = registryWorld(first.memory, first.surroundings);
    registry.remember([...first.memory.records.values()]);
    await registry.restore(never);
    await until('it is up', () => registry.get('shop').status.state === 'up');
    expect(acted(surroundings.runner.journal)).toEqual(['create', 'start']);
    expect(surroundings.plane.last.addresses).toEqual(['127.0.0.1:80']);
  });

  test('one that is not ready in time says what was waited for', async () => {
    const { create, ask, surroundings } = onDemand('url', ':80', 'trigger', 'docker-run', 'web', 'timeout', '50ms');
    surroundings.probe = (_probe, target, signal) => {
      target.onWaiting?.('127.0.0.1:80: ECONNREFUSED');
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    };
    const entry = await create();
    const error = await failure(ask());
    expect(error).toMatchObject({
      code: 'WH_ERR_NOT_READY',
      message: 'not ready within 0.05 s: 127.0.0.1:80: ECONNREFUSED',
    });
    expect(entry.status.reason).toContain('127.0.0.1:80: ECONNREFUSED');
  });

  test('one that ran in an earlier life of the daemon is asked whether it is ready', async () => {
    const first = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    await first.create();
    await first.ask();
    await first.registry.close(0);
    const { registry, surroundings } = registryWorld(first.memory, first.surroundings);
    let probes = 0;
    surroundings.probe = async () => {
      probes += 1;
      return {};
    };
    registry.remember([...first.memory.records.values()]);
    await registry.restore(never);
    await until('it is up', () => registry.get('shop').status.state === 'up');
    expect(probes).toBe(1);
  });

  test('all who wait may leave: the start is given up, and nothing is left running', async () => {
    const { create, ask, runner, surroundings } = onDemand('url', ':80', 'trigger', 'docker-run', 'web');
    surroundings.probe = (_probe, _target, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    await create();
    const leaving = new AbortController();
    const asked = failure(ask(0, leaving.signal));
    await until('it runs', () => runner.engine.containers[0]?.running === true);
    leaving.abort();
    expect((await asked).code).toBe('WH_ERR_ABORTED');
    await until('it was stopped', () => runner.engine.containers[0]?.running === false);
  });
});

describe('tail docker-run', () => {
  test('is started by create, and removed when create fails', async () => {
    const { create, runner, surroundings } = onDemand('url', ':80', 'tail', 'docker-run', 'web');
    surroundings.bound.add('net:[1] tcp 127.0.0.1:80');
    expect((await failure(create())).code).toBe('WH_ERR_LISTEN');
    expect(acted(runner.journal)).toEqual(['create', 'start', 'remove']);
    expect(runner.engine.containers).toEqual([]);
  });

  test('XT6 what cannot be undone is told', async () => {
    const { create, runner, surroundings } = onDemand('url', ':80', 'tail', 'docker-run', 'web');
    surroundings.bound.add('net:[1] tcp 127.0.0.1:80');
    runner.fail('remove', 'WH_ERR_DOCKER_UNAVAILABLE', 'the engine is gone');
    const error = await failure(create());
    expect(error.code).toBe('WH_ERR_LISTEN');
    expect(error.message).toContain('not everything could be undone: the engine is gone');
  });

  test('shows the pull of a child, too, while it is made', async () => {
    const words = ['url', ':80', 'tail', 'docker-run', 'web', 'child', 'url', ':81', 'tail', 'docker-run', 'far'];
    const { runner, surroundings, memory } = onDemand();
    runner.registry.set('far', image);
    runner.progress = [{ status: 'Downloading', layersDone: 0, layersTotal: 1, bytesDone: 1, bytesTotal: 2 }];
    const told: Event[] = [];
    const onEvent = (event: Event): void => void told.push(event);
    await new Registry({ surroundings, memory, makeId: () => 'shop', onEvent }).create(words, never);
    expect(told.map(({ reason }) => reason)).toContain('pulling far: 0 of 1 layers, 50 %');
    expect(told.map(({ pull }) => pull?.image)).toContain('far');
  });

  test('is listed while it is made, and delete gives it up', async () => {
    const { create, runner, registry } = onDemand('url', ':80', 'tail', 'docker-run', 'far');
    runner.registry.set('far', image);
    const held = runner.hold('pull');
    const made = failure(create());
    await held.reached;
    expect(registry.list().map((entry) => entry.describe().state)).toEqual(['starting']);
    await registry.remove('shop', false);
    expect((await made).message).toContain('deleted before it was made');
    expect(runner.engine.containers).toEqual([]);
    expect(registry.list()).toEqual([]);
  });
});
