import { openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../sys/constants.ts';
import { dupFd } from '../../sys/dup.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { read, write } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { socketPair } from '../../sys/sockets.ts';
import { Loop } from './loop.ts';
import { Timer } from './timers.ts';

const memory = new NativeMemory(64);
/** Beyond anything a passing test takes: a loop that would run for ever ends the test instead. */
const PATIENCE_MS = 10_000;

class Alarm extends Timer {
  readonly onTimer: (now: number) => void;

  constructor(onTimer: (now: number) => void) {
    super();
    this.onTimer = onTimer;
  }
}

let loop: Loop;
let faults: unknown[];
const open: OwnedFd[] = [];

beforeEach(() => {
  faults = [];
  loop = new Loop((fault) => faults.push(fault));
});
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]();
});

/** Runs until something stops the loop. */
function run(): void {
  const late = performance.now() + PATIENCE_MS;
  loop.timers.arm(new Alarm(() => loop.stop()), late);
  loop.run();
  expect(performance.now(), 'nothing stopped the loop').toBeLessThan(late);
}

/** Stops the loop `turns` rounds of events later. */
function stopAfter(turns: number): void {
  if (turns === 0) loop.stop();
  else loop.again({ resume: () => stopAfter(turns - 1) });
}

function pair(): [OwnedFd, OwnedFd] {
  const ends = socketPair();
  open.push(...ends);
  return ends;
}

/** An end with a byte to read, and the other one. */
function readable(): [OwnedFd, OwnedFd] {
  const [near, far] = pair();
  write(far.fd, memory.address, 1);
  return [near, far];
}

describe('events', () => {
  test('come to the object of their descriptor, with what happened', () => {
    const [near, far] = readable();
    const seen: number[] = [];
    loop.add(near.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {
      onEvents(events) {
        seen.push(events);
        if (seen.length === 1) far[Symbol.dispose]();
        else loop.stop();
      },
    });
    run();
    expect(seen).toEqual([EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP]);
  });

  test('go to another object after it was handed over', () => {
    const [near] = readable();
    const seen: string[] = [];
    loop.add(near.fd, EPOLLIN, {
      onEvents() {
        seen.push('first');
        loop.handOver(near.fd, {
          onEvents() {
            seen.push('second');
            loop.stop();
          },
        });
      },
    });
    run();
    expect(seen).toEqual(['first', 'second']);
  });

  test('are dropped when a new socket has the number: they were for the old one', () => {
    const [one] = readable();
    const [two] = readable();
    const seen: string[] = [];
    // Both are in the same batch; whoever comes first closes the other, whose number is the lowest free one then.
    const first = (self: OwnedFd, other: OwnedFd) => ({
      onEvents() {
        read(self.fd, memory.address, 64);
        seen.push('first');
        const { fd } = other;
        loop.forget(fd);
        other[Symbol.dispose]();
        const [heir] = pair();
        expect(heir.fd).toBe(fd);
        loop.add(heir.fd, EPOLLIN, { onEvents: () => seen.push('heir') });
        stopAfter(3);
      },
    });
    loop.add(one.fd, EPOLLIN, first(one, two));
    loop.add(two.fd, EPOLLIN, first(two, one));
    run();
    expect(seen).toEqual(['first']);
  });

  test('reach the new socket that has an old number', () => {
    const [old] = pair();
    const { fd } = old;
    loop.add(fd, EPOLLIN, { onEvents: () => expect.unreachable() });
    loop.forget(fd);
    old[Symbol.dispose]();
    const [heir] = readable();
    expect(heir.fd).toBe(fd);
    loop.add(fd, EPOLLIN, { onEvents: () => loop.stop() });
    run();
  });

  test('of a forgotten descriptor come to nobody', () => {
    const [near] = readable();
    loop.add(near.fd, EPOLLIN | EPOLLET, { onEvents: () => expect.unreachable() });
    loop.forget(near.fd);
    stopAfter(3);
    run();
    expect(faults).toEqual([]);
  });

  test('end with the removal, although another descriptor names the same socket', () => {
    const [near] = readable();
    using again = dupFd(near.fd);
    let seen = 0;
    loop.add(near.fd, EPOLLIN, {
      onEvents() {
        seen++;
        loop.remove(near.fd);
        near[Symbol.dispose]();
        // Level-triggered: without the removal the kernel would report it for ever.
        stopAfter(5);
      },
    });
    run();
    expect(seen).toBe(1);
    expect(read(again.fd, memory.address, 64)).toBe(1);
  });
});

describe('a descriptor', () => {
  test('that is watched already is refused, and the first object keeps its events', () => {
    const [near] = readable();
    loop.add(near.fd, EPOLLIN, { onEvents: () => loop.stop() });
    expect(() => loop.add(near.fd, EPOLLIN, { onEvents: () => expect.unreachable() })).toThrow('epoll_ctl: EEXIST');
    run();
  });

  test('that cannot be watched is refused', () => {
    using file = new OwnedFd(openSync('/etc/passwd', 'r'));
    expect(() => loop.add(file.fd, EPOLLIN, { onEvents: () => {} })).toThrow('epoll_ctl: EPERM');
    expect(() => loop.add(-1, EPOLLIN, { onEvents: () => {} })).toThrow('epoll_ctl: EBADF');
  });

  test('of the loop itself is closed when it has run', () => {
    const before = openDescriptors();
    for (let i = 0; i < 20; i++) {
      const one = new Loop(() => {});
      one.again({ resume: () => one.stop() });
      one.run();
    }
    expect(openDescriptors()).toBe(before);
  });
});

describe('a fault in one object', () => {
  const broken = (what: string) => (): never => {
    throw new Error(what);
  };

  test('is told, and the others go on: events, resumed work and timers', () => {
    const [one] = readable();
    const [two] = readable();
    const done: string[] = [];
    loop.add(one.fd, EPOLLIN | EPOLLET, { onEvents: broken('events') });
    loop.add(two.fd, EPOLLIN | EPOLLET, { onEvents: () => done.push('events') });
    loop.again({ resume: broken('resume') });
    loop.again({ resume: () => done.push('resume') });
    loop.timers.arm(new Alarm(broken('timer')), loop.now);
    loop.timers.arm(
      new Alarm(() => {
        done.push('timer');
        stopAfter(1);
      }),
      loop.now,
    );
    run();
    expect(faults).toEqual([new Error('events'), new Error('resume'), new Error('timer')]);
    expect(done).toEqual(['events', 'resume', 'timer']);
  });
});

describe('work that wants another turn', () => {
  test('gets it after the events that are pending, every time', () => {
    const [near] = readable();
    const order: string[] = [];
    const work = {
      resume() {
        order.push('work');
        if (order.length < 6) loop.again(work);
        else loop.stop();
      },
    };
    loop.add(near.fd, EPOLLIN, { onEvents: () => order.push('event') });
    loop.again(work);
    run();
    expect(order).toEqual(['event', 'work', 'event', 'work', 'event', 'work']);
  });

  test('does not keep timers waiting', () => {
    const forever = { resume: () => loop.again(forever) };
    loop.again(forever);
    loop.timers.arm(new Alarm(() => loop.stop()), loop.now + 20);
    run();
  });
});

describe('the clock', () => {
  test('is read once per wake, and timers are awaited without any event', () => {
    const deadline = loop.now + 30;
    const seen: number[] = [];
    loop.timers.arm(new Alarm((now) => seen.push(now, loop.now)), deadline);
    loop.timers.arm(new Alarm(() => loop.stop()), deadline + 10);
    run();
    expect(seen[0]).toBeGreaterThanOrEqual(deadline);
    expect(seen[1]).toBe(seen[0]);
  });
});
