import { afterEach, expect, test } from 'vitest';
import { somewhere, TunnelWorld } from '../../../test/support/tunnel-world.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

test('the hundredth tunnel of a daemon asks no more of its kernel and its peer than the tenth', async () => {
  world = new TunnelWorld();
  const { a, b } = world;
  const counts = (): number[] => [a.kernel.installs, b.kernel.installs, b.asked.length];
  const each: number[][] = [];
  for (let i = 0; i < 100; i += 1) {
    await a.machine.move(`container:app${i}`, somewhere(`net:[${i}]`));
    const before = counts();
    await a.create({ attach: `app${i}` });
    each.push(counts().map((count, at) => count - (before[at] ?? 0)));
  }
  expect(each[99]).toEqual(each[9]);
  expect(each[99]).toEqual([1, 1, 2]);
  const addresses = (await a.list()).flatMap(({ local, remote }) => [local, remote]);
  expect(new Set(addresses).size).toBe(200);
});
