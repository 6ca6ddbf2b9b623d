import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { aContainer } from '../../../../test/support/probe-world.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { LineMatcher } from './line-matcher.ts';
import { untilReady } from './ready.ts';

const never = new AbortController().signal;
const log = (regex: string) => ({ kind: 'log', regex }) as const;
/** Thirty-two letters that `(a+)+$` tries in four thousand million ways. */
const hostile = `${'a'.repeat(32)}!`;

describe('the probe log', () => {
  test('is ready with the first line that matches, written before or after it looks', async () => {
    const { runner, id, target } = aContainer();
    runner.say(id, 'starting');
    const ready = untilReady(log('^ready for (start|connections)$'), target, runner, never);
    runner.say(id, 'not ready for connections');
    await sleep(20);
    runner.say(id, 'ready for connections');
    expect(await ready).toEqual({});
    expect(await untilReady(log('start'), target, runner, never)).toEqual({});
  });

  test('fails when the container ends without such a line', async () => {
    const { runner, id, target } = aContainer();
    const ready = untilReady(log('never'), target, runner, never);
    runner.say(id, 'bad option');
    runner.exit(id, 2);
    await expect(ready).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: 'container web ended (exit code 2) before it was ready; docker logs web may tell why',
    });
  });

  test('opens the log again when the engine went away', async () => {
    const { runner, id, target } = aContainer();
    const broken = new WormholeError('WH_ERR_DOCKER_UNAVAILABLE', 'the engine restarts');
    let opened = 0;
    async function* logs(...args: Parameters<typeof runner.logs>): AsyncGenerator<string> {
      opened += 1;
      if (opened === 1) throw broken;
      yield* runner.logs(...args);
    }
    runner.say(id, 'up');
    const flaky = { logs, inspect: runner.inspect.bind(runner) };
    expect(await untilReady(log('up'), target, flaky, never)).toEqual({});
    expect(opened).toBe(2);
  });

  test('ends with its signal, also while a line keeps the expression busy', async () => {
    const { runner, id, target } = aContainer();
    for (const line of ['quiet', hostile]) {
      const stop = new AbortController();
      const ready = untilReady(log('(a+)+$'), target, runner, stop.signal);
      runner.say(id, line);
      await sleep(100);
      stop.abort('enough');
      await expect(ready).rejects.toBe('enough');
    }
  });
});

describe('A31: a line that makes the expression backtrack for ever', () => {
  test('does not stop this thread, does not match, and hides no later line', async () => {
    await using matcher = new LineMatcher('(a+)+$', 200);
    let turns = 0;
    const clock = setInterval(() => (turns += 1), 5);
    const found = matcher.match(['first', hostile, 'b', 'this one: a'], never);
    await sleep(100);
    expect(turns).toBeGreaterThan(5);
    expect(await found).toBe(true);
    clearInterval(clock);
    expect(await matcher.match(['b'], never)).toBe(false);
  });

  test('ends the probe when it comes for the third time, and names the remedy', async () => {
    await using matcher = new LineMatcher('(a+)+$', 50);
    expect(await matcher.match([hostile, 'b', hostile, 'b'], never)).toBe(false);
    await expect(matcher.match([hostile], never)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_FAILED',
      message: expect.stringContaining('repetitions within repetitions') as string,
    });
  });

  test('is cut off at 8,192 characters', async () => {
    await using matcher = new LineMatcher('x$');
    expect(await matcher.match([`${'a'.repeat(8192)}x`], never)).toBe(false);
    expect(await matcher.match([`${'a'.repeat(8191)}x`], never)).toBe(true);
  });
});
