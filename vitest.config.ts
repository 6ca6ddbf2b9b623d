/**
 * Test projects: unit and rule tests run in one box, conformance and functional tests (which need root) each file in a
 * box of its own, two at a time: most of such a file is waiting.
 */
import { defineConfig } from 'vitest/config';
import { boxPool } from './test/support/box-pool.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/rules/**/*.test.ts', 'bench/**/*.test.mjs'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'conformance',
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
          include: ['test/functional/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          pool: boxPool,
        },
      },
    ],
  },
});
