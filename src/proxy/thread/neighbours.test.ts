import { afterEach, describe, expect, test } from 'vitest';
import { O_CLOEXEC, O_NONBLOCK } from '../../sys/constants.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { eventfd, read } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { Neighbours, neighbourBytes } from './neighbours.ts';

const counter = new NativeMemory(8);
const open: OwnedFd[] = [];
afterEach(() => {
  for (const fd of open.splice(0)) fd[Symbol.dispose]();
});

/** Workers as they see each other; what each was given, and how often it was woken. */
function workers(count: number) {
  const wakes = Array.from({ length: count }, () => new OwnedFd(eventfd(0, O_CLOEXEC | O_NONBLOCK)));
  open.push(...wakes);
  const shared = new SharedArrayBuffer(neighbourBytes(count));
  return wakes.map((wake, index) => {
    const neighbours = new Neighbours({ index, shared, wakeFds: wakes.map(({ fd }) => fd) });
    const given: Array<[route: number, fd: number]> = [];
    neighbours.onGiven = (route, fd) => given.push([route, fd]);
    const woken = (): number =>
      read(wake.fd, counter.address, 8) < 0 ? 0 : Number(counter.view.getBigUint64(0, true));
    const serve = (n: number): void => {
      for (let i = 0; i < n; i++) neighbours.count(1);
    };
    return { neighbours, given, woken, serve };
  });
}

type Worker = ReturnType<typeof workers>[number];

describe('a worker', () => {
  test('keeps what it accepts as long as the others have about as much', () => {
    const [one, two] = workers(2) as [Worker, Worker];
    one.serve(2);
    expect(one.neighbours.give(7, 100)).toBe(false);
    one.serve(98);
    two.serve(89);
    expect(one.neighbours.give(7, 100)).toBe(false);
  });

  test('gives to the one that has least, in order, and counts it there at once', () => {
    const [one, two, three] = workers(3) as [Worker, Worker, Worker];
    one.serve(10);
    three.serve(4);
    for (let fd = 100; fd < 110; fd++) one.neighbours.give(7, fd);
    two.neighbours.take();
    three.neighbours.take();
    expect(two.given.slice(0, 3)).toEqual([
      [7, 100],
      [7, 101],
      [7, 102],
    ]);
    expect(two.given.length + three.given.length).toBe(10);
    expect(Math.abs(two.given.length - three.given.length - 4)).toBeLessThanOrEqual(1);
  });

  test('that is alone keeps everything', () => {
    const [one] = workers(1) as [Worker];
    one.serve(1000);
    expect(one.neighbours.give(7, 100)).toBe(false);
  });

  test('keeps what no longer fits on the way to another', () => {
    const [one, two] = workers(2) as [Worker, Worker];
    one.serve(100_000);
    let given = 0;
    while (one.neighbours.give(7, given)) given++;
    expect(given).toBe(256);
    two.neighbours.take();
    expect(two.given.map(([, fd]) => fd)).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(one.neighbours.give(7, given)).toBe(true);
  });

  test('wakes another one that sleeps, once, and leaves alone one that does not', () => {
    const [one, two] = workers(2) as [Worker, Worker];
    one.serve(100);
    one.neighbours.give(7, 100);
    expect(two.woken()).toBe(0);
    expect(two.neighbours.fallAsleep()).toBe(false);
    two.neighbours.take();
    expect(two.neighbours.fallAsleep()).toBe(true);
    one.neighbours.give(7, 101);
    one.neighbours.give(7, 102);
    expect(two.woken()).toBe(1);
    two.neighbours.wakeUp();
    two.neighbours.take();
    expect(two.given).toEqual([
      [7, 100],
      [7, 101],
      [7, 102],
    ]);
  });

  test('rests with all others', () => {
    const [one, two] = workers(2) as [Worker, Worker];
    expect([one.neighbours.restMs, two.neighbours.restMs]).toEqual([0, 0]);
    one.neighbours.rest(60_000);
    expect(two.neighbours.restMs).toBeGreaterThan(50_000);
    one.neighbours.rest(-1);
    expect(two.neighbours.restMs).toBe(0);
  });
});
