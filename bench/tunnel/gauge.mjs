/**
 * Loaded into a daemon that is measured, before its own code: at SIGUSR2 it collects garbage and writes how much memory is used into the
 * file that WORMHOLE_BENCH_GAUGE names. See `many.mjs`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

const file = process.env['WORMHOLE_BENCH_GAUGE'];
// Not in the programs that it starts.
delete process.env['NODE_OPTIONS'];
delete process.env['WORMHOLE_BENCH_GAUGE'];

if (isMainThread && file !== undefined) {
  process.on('SIGUSR2', async () => {
    const session = new Session();
    session.connect();
    // Threads have heaps of their own: that of the links would be told with its garbage.
    /** @type {string[]} */
    const threads = [];
    session.on('NodeWorker.attachedToWorker', ({ params }) => void threads.push(params.sessionId));
    await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
    // The collection that also gives memory back. What is native and goes with an object does so some time after it.
    for (let i = 0; i < 3; i += 1) {
      await session.post('HeapProfiler.collectGarbage');
      for (const sessionId of threads) await session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
      await sleep(200);
    }
    await session.post('NodeWorker.disable');
    session.disconnect();
    const { rss, heapUsed, external } = process.memoryUsage();
    writeFileSync(`${file}.new`, JSON.stringify({ rss, heap: heapUsed + external }));
    renameSync(`${file}.new`, file);
  });
}
