/** The event loop of a thread of its own: it is heard, waits, goes on, and ends. Nothing else has anything to do there. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { compile } from '../../test/support/relay-worker.ts';

const compiled = compile('sys/event-loop.ts', 'sys/sockets.ts');
afterAll(() => compiled[Symbol.dispose]());

/** @param body of a function; it has `loop`, a descriptor `fd` to watch, `parentPort`, and `workerData` */
function thread(body: string, workerData?: string): Worker {
  const sources = ['sys/event-loop.ts', 'sys/sockets.ts'].map((file) => compiled.url(file).href);
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    Promise.all(${JSON.stringify(sources)}.map((source) => import(source))).then(([{ EventLoop }, { socketPair }]) => {
      const [loop, fd] = [EventLoop.here(), socketPair()[0].fd];
      ${body}
    });
  `;
  return new Worker(source, { eval: true, trackUnmanagedFds: false, workerData });
}

test('ends when the last descriptor is removed, wherever that is done', async () => {
  const body = `
    const registration = loop.add(fd, () => {
      if (workerData === 'called') registration.remove();
      if (workerData === 'promise') Promise.resolve().then(() => registration.remove());
      if (workerData === 'soon') loop.soon(() => registration.remove());
      if (workerData === 'timer') setTimeout(() => registration.remove(), 20);
    });`;
  for (const where of ['called', 'promise', 'soon', 'timer']) {
    expect(await once(thread(body, where), 'exit')).toEqual([0]);
  }
});

test('hears of messages while it waits, and can be ended from outside', async () => {
  const worker = thread(`
    loop.add(fd, () => {});
    parentPort.on('message', (message) => parentPort.postMessage(message));
    setTimeout(() => parentPort.postMessage('waits'), 300);`);
  expect(await once(worker, 'message')).toEqual(['waits']);
  worker.postMessage('heard');
  expect(await once(worker, 'message')).toEqual(['heard']);
  expect(await worker.terminate()).toBe(1);
});

test('waits while nothing is to be done, however far the next timer is', async () => {
  const worker = thread(`
    loop.add(fd, () => {});
    let rounds = 0;
    // An immediate that has no claim on the loop comes once in a round, and does not hurry it.
    const count = () => {
      rounds += 1;
      setImmediate(count).unref();
    };
    count();
    const all = [];
    const measure = ([ms, ...rest]) => {
      if (ms === undefined) return parentPort.postMessage(all);
      rounds = 0;
      setTimeout(() => {
        all.push(rounds);
        measure(rest);
      }, ms);
    };
    measure([1, 10, 300]);`);
  const [rounds] = (await once(worker, 'message')) as [number[]];
  expect(rounds).toHaveLength(3);
  expect(Math.max(...rounds)).toBeLessThan(20);
  await worker.terminate();
});
