/** What `idle` and `on-idle` promise. */
import { describe, expect, test } from 'vitest';
import { acted, onDemand } from '../../../test/support/on-demand-world.ts';
import { failure, never } from '../../../test/support/registry-world.ts';
import { until } from '../../../test/support/relay-wait.ts';

describe('idle', () => {
  test('ends the container once nobody has needed it, and the next connection starts it again', async () => {
    const { create, ask, runner, plane } = onDemand('url', ':80', 'trigger', 'docker-run', 'web', 'idle', '1ms');
    const entry = await create();
    await ask();
    plane.last.connect();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(acted(runner.journal)).toEqual(['create', 'start']);
    plane.last.disconnect();
    await until('it was stopped', () => acted(runner.journal).includes('stop'));
    await until('it is idle', () => entry.status.state === 'idle');
    await ask();
    expect(acted(runner.journal).slice(0, 4)).toEqual(['create', 'start', 'stop', 'start']);
  });

  test('R23 a connection that arrives while it is being stopped is held, and served by the restarted container', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-run', 'web', 'idle', '1ms');
    await create();
    await ask();
    const held = runner.hold('stop');
    await held.reached;
    const asked = ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
    held.release();
    expect((await asked).targets).toHaveLength(1);
    expect(acted(runner.journal).slice(0, 4)).toEqual(['create', 'start', 'stop', 'start']);
  });

  test('pauses and goes on', async () => {
    const words = ['url', ':80', 'trigger', 'docker-run', 'web', 'idle', '1ms', 'on-idle', 'pause'] as const;
    const { create, ask, runner, plane } = onDemand(...words);
    await create();
    await ask();
    await until('it was paused', () => acted(runner.journal).includes('pause'));
    await until('connections are kept from it', () => plane.last.targets.targets.length === 0);
    expect((await ask()).targets).toHaveLength(1);
    expect(acted(runner.journal).slice(0, 4)).toEqual(['create', 'start', 'pause', 'unpause']);
  });

  test('pauses again what went on meanwhile', async () => {
    const words = ['url', ':80', 'trigger', 'docker-run', 'web', 'idle', '1ms', 'on-idle', 'pause'] as const;
    const { create, ask, runner, plane } = onDemand(...words);
    await create();
    await ask();
    await until('it was paused', () => acted(runner.journal).includes('pause'));
    await until('connections are kept from it', () => plane.last.targets.targets.length === 0);
    await ask();
    await until('it was paused again', () => acted(runner.journal).filter((call) => call === 'pause').length > 1);
  });

  test('R23 a connection that arrives while its container is being removed is served by a new one', async () => {
    const words = ['url', ':80', 'trigger', 'docker-run', 'web', 'idle', '1ms', 'on-idle', 'remove'] as const;
    const { create, ask, runner } = onDemand(...words);
    await create();
    await ask();
    const held = runner.hold('stop');
    await held.reached;
    const asked = ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
    held.release();
    expect((await asked).targets).toHaveLength(1);
    expect(acted(runner.journal).slice(0, 6)).toEqual(['create', 'start', 'stop', 'remove', 'create', 'start']);
  });

  test('ends the container that bears the name now, when the one it started was made anew', async () => {
    const { create, ask, runner } = onDemand('url', ':80', 'trigger', 'docker-ns', 'db', 'idle', '1ms');
    const first = runner.engine.add('db', { running: false, pid: 0, startedAt: '' });
    const held = runner.hold('stop');
    await create();
    await ask();
    await held.reached;
    runner.engine.remove(first.id);
    const second = runner.engine.add('db', { id: 'b'.repeat(64), startedAt: '2026-02-01T00:00:00Z' });
    runner.engine.resync();
    held.release();
    await until('the second was stopped', () => runner.journal.includes(`stop ${second.id}`));
  });

  test('counts connections of every wormhole to that container', async () => {
    const words = ['url', ':80', 'trigger', 'docker-ns', 'db', 'idle', '1ms'] as const;
    const { create, runner, plane, registry } = onDemand(...words);
    runner.engine.add('db');
    await registry.create(['id', 'other', 'url', ':81', 'docker-ns', 'db'], never);
    plane.last.connect();
    await create();
    await plane.last.options.ask?.(never);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(runner.journal).toEqual([]);
    plane.routes[0]?.disconnect();
    await until('it was stopped', () => acted(runner.journal).includes('stop'));
  });
});

describe('a container that was paused for being idle', () => {
  const words = ['url', ':80', 'trigger', 'docker-ns', 'db', 'idle', '1ms', 'on-idle', 'pause'] as const;

  async function paused() {
    const world = onDemand(...words);
    const { id } = world.runner.engine.add('db');
    await world.registry.create(['id', 'other', 'url', ':81', 'docker-ns', 'db', 'connect-timeout', '50ms'], never);
    await world.create();
    await world.ask(1);
    await until('it was paused', () => acted(world.runner.journal).includes('pause'));
    await until('it is', () => world.runner.facts(id).state === 'paused');
    return { ...world, id };
  }

  test('is not dialed by a wormhole that does not start it', async () => {
    const { ask } = await paused();
    expect((await failure(ask(0))).message).toContain('idle');
  });

  test('is dialed again when somebody has let it go on by hand', async () => {
    const { ask, runner, id } = await paused();
    await runner.unpause(id, never);
    expect((await ask(0)).targets).toHaveLength(1);
  });
});
