import { describe, expect, test } from 'vitest';
import { aContainer } from '../../../../test/support/probe-world.ts';
import { until } from '../../../../test/support/relay-wait.ts';
import { untilReady } from './ready.ts';

const health = { kind: 'health' } as const;
const never = new AbortController().signal;

describe('the probe health', () => {
  test('is ready when the HEALTHCHECK has passed, and waits out an engine that does not answer', async () => {
    const { runner, id, target } = aContainer();
    const reasons: string[] = [];
    runner.facts(id, { health: 'starting' });
    runner.engine.down = true;
    const ready = untilReady(health, { ...target, onWaiting: (reason) => reasons.push(reason) }, runner, never);
    await until('it has asked', () => reasons[0]);
    runner.engine.down = false;
    await until('it was answered', () => reasons[1]);
    runner.facts(id, { health: 'healthy' });
    expect(await ready).toEqual({});
    expect(reasons).toEqual(['the fake engine is down', 'the HEALTHCHECK of container web has not passed yet']);
  });

  test.each([
    ['unhealthy', { health: 'unhealthy' }, 'WH_ERR_CONTAINER_FAILED', /web is unhealthy.*docker inspect web/],
    ['without a HEALTHCHECK', { health: 'none' }, 'WH_ERR_SPEC_INVALID', /--health-cmd.*ready tcp/],
    [
      'that has ended',
      { running: false, state: 'exited', exitCode: 3 },
      'WH_ERR_CONTAINER_FAILED',
      /web ended \(exit code 3\)/,
    ],
  ] as const)('fails at once with a container %s', async (_what, facts, code, message) => {
    const { runner, id, target } = aContainer();
    runner.facts(id, facts);
    const ready = untilReady(health, target, runner, never);
    await expect(ready).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test('fails at once when the container was removed', async () => {
    const { runner, id, target } = aContainer();
    runner.engine.remove(id);
    await expect(untilReady(health, target, runner, never)).rejects.toThrow(/was removed before it was ready/);
  });

  test('ends with its signal, also while the engine is asked', async () => {
    const { runner, id, target } = aContainer();
    runner.facts(id, { health: 'starting' });
    const stop = new AbortController();
    const held = runner.hold('inspect');
    const ready = untilReady(health, target, runner, stop.signal);
    await held.reached;
    stop.abort('enough');
    await expect(ready).rejects.toBe('enough');
  });
});

test('the probe none waits for nothing', async () => {
  const { runner, target } = aContainer();
  expect(await untilReady({ kind: 'none' }, target, runner, never)).toEqual({});
});
