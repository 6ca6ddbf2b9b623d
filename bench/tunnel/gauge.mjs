/**
 * Loaded into a daemon that is measured, before its own code: at SIGUSR2 it collects garbage and writes how much memory is used into the
 * file that WORMHOLE_BENCH_GAUGE names. See `many.mjs`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

const file = process.env['WORMHOLE_BENCH_GAUGE'];
// Not in the programs that it starts.
delete process.env['NODE_OPTIONS'];
delete process.env['WORMHOLE_BENCH_GAUGE'];

if (isMainThread && file !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    // Native memory that goes with an object is given back some time after it.
    for (let i = 0; i < 4; i += 1) {
      collect();
      await sleep(50);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    writeFileSync(`${file}.new`, JSON.stringify({ rss, heap: heapUsed + external }));
    renameSync(`${file}.new`, file);
  });
}
