/** A daemon lives for months: what a cold start took is given back. */
import { getEventListeners } from 'node:events';
import { openSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { acted, onDemand } from '../../../test/support/on-demand-world.ts';
import { OwnedFd } from '../../sys/fd.ts';

const ROUNDS = 1000;

test('1,000 cold starts leave no listener, no timer, no descriptor and no entry', { timeout: 60_000 }, async () => {
  const words = [
    'url',
    ':80',
    'trigger',
    'docker-run',
    'web',
    'idle',
    '1h',
    'child',
    'url',
    ':81',
    'tail',
    'url',
    ':82',
  ];
  const { create, ask, runner, registry, surroundings } = onDemand(...words);
  const entry = await create();
  const { signal } = new AbortController();
  surroundings.probe = async () => ({ socket: new OwnedFd(openSync('/dev/null', 'r')) });
  const round = async (): Promise<void> => {
    (await ask(0, signal)).connected?.socket[Symbol.dispose]();
    runner.exit(runner.engine.containers[0]?.id ?? '', 0);
    while (entry.status.state !== 'idle') await nextTurn();
  };
  await round();
  const before = held();
  for (let i = 0; i < ROUNDS; i++) await round();
  expect(acted(runner.journal).filter((call) => call === 'start')).toHaveLength(ROUNDS + 1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(surroundings.turns.size).toBe(0);
  expect(surroundings.uses.size).toBe(0);
  const after = held();
  expect(after.descriptors).toBe(before.descriptors);
  // The test runner's own comes and goes.
  expect(after.timers).toBeLessThanOrEqual(before.timers + 1);
  await registry.remove('shop', false);
  expect(surroundings.followers).toBe(0);
  expect(surroundings.engine.watchers).toBe(1);
});

/** Timers that keep the process, and descriptors. */
function held(): { readonly timers: number; readonly descriptors: number } {
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  return { timers, descriptors: readdirSync('/proc/self/fd').length };
}
