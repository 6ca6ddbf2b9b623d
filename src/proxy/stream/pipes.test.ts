import { execFileSync } from 'node:child_process';
import { fstatSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { Errno } from '../../sys/errno.ts';
import { fcntl, read, write } from '../../sys/libc.ts';
import { raiseNofile } from '../../sys/limits.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { type Pipe, Pipes } from './pipes.ts';

const memory = new NativeMemory(64);
/** fcntl(2) */
const F_GETPIPE_SZ = 1032;
/** Pipes the pool keeps. */
const KEPT = 32;

let taken: Pipe[] = [];
afterEach(() => {
  for (const pipe of taken.splice(0)) new Pipes().destroy(pipe);
});

function take(pipes: Pipes): Pipe {
  const pipe = pipes.take();
  if (pipe === undefined) throw new Error('no pipe');
  taken.push(pipe);
  return pipe;
}

function free(pipes: Pipes, pipe: Pipe, how: 'give' | 'destroy'): void {
  taken = taken.filter((one) => one !== pipe);
  pipes[how](pipe);
}

/** Everything the pool kept is closed, so that the test leaves nothing. */
function drain(pipes: Pipes): void {
  for (let i = 0; i < KEPT; i++) take(pipes);
}

describe('a pipe', () => {
  test('is empty, does not block, and is as large as it says', () => {
    const pipe = take(new Pipes());
    expect(fstatSync(pipe.readEnd).isFIFO()).toBe(true);
    expect(read(pipe.readEnd, memory.address, 1)).toBe(-Errno.EAGAIN);
    expect(pipe.size).toBe(fcntl(pipe.writeEnd, F_GETPIPE_SZ, 0));
    expect(pipe.size).toBeGreaterThanOrEqual(4096);
  });

  test('that was given back is used again, instead of a new one', () => {
    const pipes = new Pipes();
    const first = take(pipes);
    const before = openDescriptors();
    free(pipes, first, 'give');
    expect(take(pipes)).toBe(first);
    expect(openDescriptors()).toBe(before);
  });

  test('that still held bytes when it was destroyed is closed, and its bytes are in no other', () => {
    const pipes = new Pipes();
    const dirty = take(pipes);
    expect(write(dirty.writeEnd, memory.address, 10)).toBe(10);
    const before = openDescriptors();
    free(pipes, dirty, 'destroy');
    expect(openDescriptors()).toBe(before - 2);
    expect(read(take(pipes).readEnd, memory.address, 64)).toBe(-Errno.EAGAIN);
  });
});

describe('the pool', () => {
  test('keeps a few: a burst does not hold its descriptors for ever', () => {
    const pipes = new Pipes();
    const before = openDescriptors();
    const burst = Array.from({ length: 100 }, () => take(pipes));
    expect(openDescriptors()).toBe(before + 200);
    for (const pipe of burst) free(pipes, pipe, 'give');
    expect(openDescriptors()).toBe(before + 2 * KEPT);
    drain(pipes);
  });

  test('never lends a pipe twice, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('take', 'give', 'destroy'), { maxLength: 60 }), (steps) => {
        const pipes = new Pipes();
        const before = openDescriptors();
        const lent: Pipe[] = [];
        for (const step of steps) {
          const pipe = step === 'take' ? undefined : lent.pop();
          if (step === 'take') lent.push(take(pipes));
          else if (pipe !== undefined) free(pipes, pipe, step);
          expect(new Set(lent.flatMap(({ readEnd, writeEnd }) => [readEnd, writeEnd])).size).toBe(2 * lent.length);
        }
        const kept = (openDescriptors() - before) / 2 - lent.length;
        expect(kept).toBeGreaterThanOrEqual(0);
        for (let i = 0; i < kept; i++) free(pipes, take(pipes), 'destroy');
        for (const pipe of lent) free(pipes, pipe, 'destroy');
        expect(openDescriptors()).toBe(before);
      }),
      { numRuns: 30 },
    );
  });

  test('has nothing to lend when descriptors run out, and lends again when there are some (R26)', () => {
    const pipes = new Pipes();
    const kept = take(pipes);
    free(pipes, kept, 'give');
    // Numbers at and above the soft limit are not given out, however few are open.
    execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=3:']);
    try {
      expect(pipes.take()).toBe(kept);
      taken.push(kept);
      expect(pipes.take()).toBeUndefined();
    } finally {
      raiseNofile();
    }
    take(pipes);
  });
});
