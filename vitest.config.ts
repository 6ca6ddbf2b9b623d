/**
 * Test projects: unit and rule tests run in one box, conformance and functional tests (which need root) each file in a
 * box of its own, some at a time: most of such a file is waiting. Kernel tests run in virtual machines.
 */
import { defineConfig } from 'vitest/config';
import { boxPool } from './test/support/box-pool.ts';
import { LongFirst } from './test/support/long-first.ts';
import { machinePool } from './test/support/vm/pool.ts';

/**
 * A test that fails is tried once more, because a whole run is a long time of daemons, engines and kernels on two cores. What
 * passed only then is named before the totals: it is a fault of the test or, worse, a race of ours, and wants looking at.
 */
const retry = 1;

/**
 * How long `expect.poll` waits, in milliseconds, where a test does not say: far beyond what anything takes on a busy machine, because
 * vitest's own second is not.
 */
const poll = { timeout: 30_000, interval: 20 };

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: 'unit',
          retry,
          expect: { poll },
          include: ['src/**/*.test.ts', 'test/rules/**/*.test.ts', 'bench/**/*.test.mjs'],
          testTimeout: 60_000,
          // In processes that keep their modules, which halves the processor time: a test file leaves nothing behind. Much of
          // the rest is waiting.
          pool: 'forks',
          isolate: false,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'conformance',
          retry,
          expect: { poll },
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          pool: boxPool,
        },
      },
      {
        test: {
          name: 'functional',
          retry,
          expect: { poll },
          include: ['test/functional/**/*.test.ts'],
          exclude: ['test/functional/tunnel-kernel-*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 3,
          pool: boxPool,
        },
      },
      {
        test: {
          name: 'kernel',
          retry,
          // Every system call of theirs takes its time, or their processor is emulated.
          expect: { poll: { timeout: 8 * poll.timeout, interval: 10 * poll.interval } },
          include: ['test/kernel/**/*.test.ts', 'test/functional/tunnel-kernel-*.test.ts'],
          // On every run they would take as long as half of all else there: `make examples-kernel` has them.
          exclude: process.env['WORMHOLE_EXAMPLES'] === 'all' ? [] : ['test/kernel/examples-on-demand.test.ts'],
          testTimeout: 400_000,
          hookTimeout: 400_000,
          // Two to a machine of one processor: much of what takes long in them is waiting.
          maxWorkers: 4,
          pool: machinePool(),
        },
      },
    ],
  },
});
