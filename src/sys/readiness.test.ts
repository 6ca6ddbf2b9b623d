import { expect, test } from 'vitest';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import { Readiness } from './readiness.ts';
import { socketPair } from './sockets.ts';

const byte = new NativeMemory(1);

const tick = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('tells once when there is something to read, and again when it is asked again', async () => {
  using readiness = new Readiness();
  const [near, far] = socketPair();
  let told = 0;
  const watched = readiness.add(near.fd, () => (told += 1));
  libc.write(far.fd, byte.address, 1);
  await tick(20);
  expect(told).toBe(0);
  watched.watch();
  await expect.poll(() => told).toBe(1);
  await tick(20);
  expect(told).toBe(1);
  watched.watch();
  await expect.poll(() => told).toBe(2);
  watched.remove();
  for (const socket of [near, far]) socket[Symbol.dispose]();
});

test('watches many at once, begun while others are waited for', async () => {
  using readiness = new Readiness();
  const told: number[] = [];
  const pairs = Array.from({ length: 20 }, () => socketPair());
  const watched = pairs.map(([near], i) => readiness.add(near.fd, () => told.push(i)));
  for (const one of watched) one.watch();
  for (const [, far] of pairs.toReversed()) libc.write(far.fd, byte.address, 1);
  await expect.poll(() => told.toSorted((a, b) => a - b)).toEqual(pairs.map((_, i) => i));
  for (const one of watched) one.remove();
  for (const socket of pairs.flat()) socket[Symbol.dispose]();
});

test('says nothing of what was removed, and leaves no descriptor', async () => {
  const { readdirSync } = await import('node:fs');
  const before = readdirSync('/proc/self/fd').length;
  const readiness = new Readiness();
  const [near, far] = socketPair();
  let told = 0;
  const watched = readiness.add(near.fd, () => (told += 1));
  watched.watch();
  libc.write(far.fd, byte.address, 1);
  watched.remove();
  for (const socket of [near, far]) socket[Symbol.dispose]();
  readiness[Symbol.dispose]();
  // Of earlier tests, too, some may only now be closed.
  await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  expect(told).toBe(0);
});
