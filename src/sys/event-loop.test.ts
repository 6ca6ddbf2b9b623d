/** Descriptors of our own on the event loop, with libuv inside: nothing of either is missed. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { EventLoop } from './event-loop.ts';
import type { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import { socketPair } from './sockets.ts';

const byte = new NativeMemory(16);
const loop = EventLoop.here() as EventLoop;
const open: Disposable[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each[Symbol.dispose]();
});

const tick = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function pair(): [OwnedFd, OwnedFd] {
  const ends = socketPair();
  open.push(...ends);
  return ends;
}

/** @returns how often it was called; until the test is over */
function watch(fd: number, onReady: () => void = () => {}): { readonly calls: number; again(): void; remove(): void } {
  let calls = 0;
  const registration = loop.add(fd, () => {
    calls += 1;
    onReady();
  });
  open.push({ [Symbol.dispose]: () => registration.remove() });
  return {
    get calls() {
      return calls;
    },
    again: () => registration.again(),
    remove: () => registration.remove(),
  };
}

const send = (fd: OwnedFd): number => libc.write(fd.fd, byte.address, 1);

test('calls when something changes, and not while nothing does', async () => {
  const [near, far] = pair();
  const watched = watch(near.fd);
  await expect.poll(() => watched.calls).toBe(1);
  await tick(30);
  expect(watched.calls).toBe(1);
  send(far);
  await expect.poll(() => watched.calls).toBe(2);
});

test('calls again who asks for it, once', async () => {
  const [near] = pair();
  const watched = watch(near.fd);
  await expect.poll(() => watched.calls).toBe(1);
  watched.again();
  watched.again();
  await expect.poll(() => watched.calls).toBe(2);
  await tick(30);
  expect(watched.calls).toBe(2);
});

test('who was removed is not called, also for what was ready in the same turn', async () => {
  const pairs = [pair(), pair()];
  const watched = pairs.map(([near], at) =>
    watch(near.fd, () => {
      watched[1 - at]?.remove();
    }),
  );
  await expect.poll(() => watched.map(({ calls }) => calls).toSorted((a, b) => a - b)).toEqual([0, 1]);
  for (const [, far] of pairs) send(far);
  await tick(30);
  expect(Math.min(...watched.map(({ calls }) => calls))).toBe(0);
});

test('what is put off comes when all who were ready have been called', async () => {
  const order: string[] = [];
  const pairs = [pair(), pair()];
  for (const [near] of pairs) {
    watch(near.fd, () => {
      order.push('ready');
      loop.soon(() => void order.push('soon'));
    });
  }
  await expect.poll(() => order.length).toBe(4);
  expect(order).toEqual(['ready', 'ready', 'soon', 'soon']);
});

test('while descriptors are waited for, node’s timers, sockets and immediates go on', async () => {
  watch(pair()[0].fd);
  await tick(50);
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  for (let n = 0; n < 20; n += 1) {
    client.write('ping');
    expect(String((await once(client, 'data'))[0])).toBe('ping');
    await tick(n);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  client.destroy();
  server.close();
  await once(server, 'close');
});

test('what promises and ticks wait for is done before anything else is called', async () => {
  const order: string[] = [];
  const [pinged, pingedFar] = pair();
  watch(pinged.fd, () => {
    order.push('ready');
    process.nextTick(() => order.push('tick'));
    void Promise.resolve().then(() => order.push('promise'));
    if (order.length < 12) send(pingedFar);
  });
  await expect.poll(() => order.length).toBe(15);
  expect(order).toEqual(Array.from({ length: 5 }, () => ['ready', 'tick', 'promise']).flat());
});

test('descriptors that are always ready keep neither timers nor immediates waiting', async () => {
  const [near, far] = pair();
  let over = false;
  const answer = (from: OwnedFd) => (): void => {
    libc.read(from.fd, byte.address, 1);
    if (!over) send(from);
  };
  watch(near.fd, answer(near));
  watch(far.fd, answer(far));
  for (let n = 0; n < 20; n += 1) {
    await tick(2);
    await new Promise((resolve) => void setImmediate(resolve));
    await stat('.');
  }
  over = true;
});

test('calls back soon, also when asked between turns while everything else is quiet', async () => {
  const [near] = pair();
  watch(near.fd);
  for (let round = 0; round < 20; round += 1) {
    // Long enough for the thread to wait in its epoll; the timer ends that, and what follows comes from no turn.
    await tick(round);
    let called = false;
    loop.soon(() => (called = true));
    // The next turn is an immediate that was asked for before this one.
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).toBe(true);
  }
});

test('what one connection throws ends nothing but that: the others of its turn are called, and the thread goes on', async () => {
  const told: unknown[] = [];
  const warned: string[] = [];
  const hear = (warning: Error): void => void warned.push(warning.name);
  process.on('warning', hear);
  const [[bad], [good, goodFar]] = [pair(), pair()];
  const failure = new Error('one of ours');
  const faulty = loop.add(
    bad.fd,
    () => {
      throw failure;
    },
    undefined,
    (error) => {
      told.push(error);
      faulty.remove();
      throw new Error('and once more');
    },
  );
  const watched = watch(good.fd);
  await expect.poll(() => [told.length, watched.calls]).toEqual([1, 1]);
  expect(told).toEqual([failure]);
  const order: string[] = [];
  for (const _ of [1, 2]) {
    loop.soon(() => {
      throw failure;
    });
    loop.soon(() => order.push('soon'));
  }
  send(goodFar);
  await expect.poll(() => [order.length, watched.calls]).toEqual([2, 2]);
  await expect.poll(() => warned).toContain('fault of a connection');
  process.off('warning', hear);
});

test('a descriptor that was given and cannot be watched is closed', () => {
  const [near] = pair();
  const registration = loop.add(near.fd, () => {});
  expect(() => loop.addOwned(near, () => {})).toThrow('EEXIST');
  expect(near.open).toBe(false);
  registration.remove();
});
