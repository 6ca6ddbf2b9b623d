/** The quiet watch, with limits small enough to be reached. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { watchQuiet } from './quiet.ts';

type Reason = 'conn-idle' | 'half-open-linger';

function watch(
  connIdleMs: number,
  halfOpenLingerMs: number,
): { quiet: ReturnType<typeof watchQuiet>; end: Promise<Reason> } {
  let resolve: (reason: Reason) => void = () => undefined;
  const end = new Promise<Reason>((settle) => {
    resolve = settle;
  });
  return { quiet: watchQuiet({ connIdleMs, halfOpenLingerMs }, (reason) => resolve(reason)), end };
}

describe('watchQuiet', () => {
  test('names the idle limit while both directions are open', async () => {
    expect(await watch(20, 1).end).toBe('conn-idle');
  });

  test('names the linger once one direction has ended', async () => {
    const { quiet, end } = watch(0, 20);
    quiet.halfOpen();
    expect(await end).toBe('half-open-linger');
  });

  test('names the idle limit of a half-open connection when it is the shorter one', async () => {
    const { quiet, end } = watch(20, 60_000);
    quiet.halfOpen();
    expect(await end).toBe('conn-idle');
  });

  test('says nothing without limits, or after it was stopped', async () => {
    const unlimited = watch(0, 0);
    unlimited.quiet.halfOpen();
    const stopped = watch(10, 10);
    stopped.quiet.stop();
    const spoke = await Promise.race([unlimited.end, stopped.end, pause(60, 'silence')]);
    expect(spoke).toBe('silence');
  });
});
