import { describe, expect, test } from 'vitest';
import { Redialing } from './redialing.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A peer that is dialed until `up`. */
function world() {
  const state = { now: 0, dials: 0, linked: false, wanted: true, up: false };
  const redialing: Redialing = new Redialing({
    needed: () => state.wanted && !state.linked,
    attempt: async () => {
      state.dials += 1;
      await Promise.resolve();
      if (!state.up) return;
      state.linked = true;
      redialing.linked();
    },
    now: () => state.now,
  });
  const over = (lastedMs: number): void => {
    state.now += lastedMs;
    state.linked = false;
    redialing.over();
  };
  return { state, redialing, over };
}

describe('redialing', () => {
  test('dials at once, then not again before a pause', async () => {
    const { state, redialing } = world();
    redialing.begin();
    redialing.begin();
    await turn();
    expect(state.dials).toBe(1);
    redialing[Symbol.dispose]();
    state.wanted = false;
  });

  test('dials until there is a link, and not after', async () => {
    const { state, redialing } = world();
    redialing.begin();
    state.up = true;
    await expect.poll(() => state.linked).toBe(true);
    const { dials } = state;
    redialing.begin();
    await turn();
    expect(state.dials).toBe(dials);
  });

  test('a link that has lasted is made again at once', async () => {
    const { state, redialing, over } = world();
    state.up = true;
    redialing.begin();
    await turn();
    over(60_000);
    await turn();
    expect(state).toMatchObject({ dials: 2, linked: true });
  });

  test('A22 a peer that ends every link as soon as it is up is not dialed without end', async () => {
    const { state, redialing, over } = world();
    state.up = true;
    const begun = performance.now();
    redialing.begin();
    await turn();
    for (let i = 0; i < 50; i += 1) {
      over(5);
      await turn();
    }
    // Once, and once more for each pause that a busy machine gave it time for.
    expect(state.dials).toBeLessThanOrEqual(1 + (performance.now() - begun) / 250);
    redialing[Symbol.dispose]();
    state.wanted = false;
  });

  test('what has become known is tried at once, in the middle of a pause', async () => {
    const { state, redialing } = world();
    redialing.begin();
    await turn();
    state.up = true;
    redialing.hurry();
    await expect.poll(() => state.linked).toBe(true);
    expect(state.dials).toBe(2);
  });
});
