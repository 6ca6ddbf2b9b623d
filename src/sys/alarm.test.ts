/** An alarm against the kernel's epoll. */
import { expect, test } from 'vitest';
import { Alarm } from './alarm.ts';
import { EPOLL_CTL_ADD, EPOLLET, EPOLLIN, O_CLOEXEC } from './constants.ts';
import { EVENT_BYTES } from './epoll-event.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';

const memory = new NativeMemory(EVENT_BYTES);

/** @returns how it waits for an alarm: true when that went off within the milliseconds */
function watched(alarm: Alarm): Disposable & { goesOff(withinMs: number): boolean } {
  const epoll = new OwnedFd(check('epoll_create1', libc.epollCreate1(O_CLOEXEC)));
  memory.view.setUint32(0, EPOLLIN | EPOLLET, true);
  check('epoll_ctl', libc.epollCtl(epoll.fd, EPOLL_CTL_ADD, alarm.fd, memory.address));
  return {
    goesOff: (withinMs) => libc.epollWait(epoll.fd, memory.address, 1, withinMs) === 1,
    [Symbol.dispose]: () => epoll[Symbol.dispose](),
  };
}

const longMs = 10_000;

test('goes off once for each time that it is set, also when nobody reads it', () => {
  using alarm = new Alarm();
  using wait = watched(alarm);
  for (let round = 0; round < 3; round += 1) {
    const now = performance.now();
    alarm.by(now + 5, now);
    expect(wait.goesOff(longMs)).toBe(true);
    expect(performance.now() - now).toBeGreaterThanOrEqual(5);
    expect(wait.goesOff(20)).toBe(false);
  }
});

test('is set for an earlier time, and stays set for one when a later one is asked for', () => {
  using alarm = new Alarm();
  using wait = watched(alarm);
  const now = performance.now();
  alarm.by(now + 3_600_000, now);
  alarm.by(now + 5, now);
  alarm.by(now + 7_200_000, now);
  expect(wait.goesOff(longMs)).toBe(true);
  const later = performance.now();
  alarm.by(later + 3_600_000, later);
  expect(wait.goesOff(20)).toBe(false);
  alarm.by(later, later);
  expect(wait.goesOff(longMs)).toBe(true);
});
