import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nofileLimits, raiseNofile } from './limits.ts';

/** The limits as the kernel prints them. */
function shown(): { soft: number; hard: number } {
  const line = readFileSync('/proc/self/limits', 'latin1').match(/^Max open files\s+(\S+)\s+(\S+)/m);
  const number = (text = ''): number => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: number(line?.[1]), hard: number(line?.[2]) };
}

describe('open-file limits', () => {
  test('they are what the kernel shows', () => {
    expect(nofileLimits()).toEqual(shown());
  });

  test('the soft limit is raised to the hard one, which stays', () => {
    const { hard } = nofileLimits();
    const low = Math.min(hard, 512);
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${low}:`]);
    expect(nofileLimits()).toEqual({ soft: low, hard });
    expect(raiseNofile()).toEqual({ soft: hard, hard });
    expect(shown()).toEqual({ soft: hard, hard });
  });

  test('raising what is raised changes nothing', () => {
    const before = raiseNofile();
    expect(raiseNofile()).toEqual(before);
  });
});
