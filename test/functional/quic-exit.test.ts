/**
 * A process that waits for packets on another thread, and ends: that thread must not hold it up.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const url = (name: string): string => new URL(`../../dist/sys/${name}.js`, import.meta.url).href;

/** Waits, without a thread of this process being blocked. */
const wait = `
  const { Readiness } = await import('${url('readiness')}');
  const { socketPair } = await import('${url('sockets')}');
  const [near] = socketPair();
  new Readiness().add(near.fd, () => {}).watch();`;

const inWorker = `
  const { Worker } = await import('node:worker_threads');
  const inside = ${JSON.stringify(`${wait} (await import('node:worker_threads')).parentPort.postMessage('waits');`)};
  const worker = new Worker(inside, { eval: true, trackUnmanagedFds: false });
  worker.once('message', () => worker.terminate().then(() => process.exit(7)));`;

test.each([
  ['a process that ends', `${wait} setTimeout(() => process.exit(7), 50);`, 7],
  ['a process that dies of a bug', `${wait} setTimeout(() => { throw new Error('a bug'); }, 50);`, 1],
  ['a worker that is terminated', inWorker, 7],
])('%s while it waits is gone', async (_title, script, code) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  expect(await once(child, 'close')).toEqual([code, null]);
  clearTimeout(late);
});
