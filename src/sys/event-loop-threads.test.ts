/** The event loop of a thread of its own: it is heard, goes on, and ends. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { compile } from '../../test/support/relay-worker.ts';

test('a thread ends when the last descriptor is removed, wherever that is done', async () => {
  using compiled = compile('sys/event-loop.ts', 'sys/sockets.ts');
  const source = `
    const sources = ${JSON.stringify(['sys/event-loop.ts', 'sys/sockets.ts'].map((file) => compiled.url(file).href))};
    Promise.all(sources.map((source) => import(source))).then(([{ EventLoop }, { socketPair }]) => {
      const [at, how] = [socketPair()[0].fd, require('node:worker_threads').workerData];
      const registration = EventLoop.here().add(at, () => {
        if (how === 'called') registration.remove();
        if (how === 'promise') Promise.resolve().then(() => registration.remove());
        if (how === 'soon') EventLoop.here().soon(() => registration.remove());
        if (how === 'timer') setTimeout(() => registration.remove(), 20);
      });
    });
  `;
  for (const workerData of ['called', 'promise', 'soon', 'timer']) {
    const worker = new Worker(source, { eval: true, trackUnmanagedFds: false, workerData });
    expect(await once(worker, 'exit')).toEqual([0]);
  }
});

test('a thread that waits here hears of messages, and can be ended from outside', async () => {
  using compiled = compile('sys/event-loop.ts', 'sys/sockets.ts');
  const source = `
    const { parentPort } = require('node:worker_threads');
    const sources = ${JSON.stringify(['sys/event-loop.ts', 'sys/sockets.ts'].map((file) => compiled.url(file).href))};
    Promise.all(sources.map((source) => import(source))).then(([{ EventLoop }, { socketPair }]) => {
      EventLoop.here().add(socketPair()[0].fd, () => {});
      parentPort.on('message', (message) => parentPort.postMessage(message));
      setTimeout(() => parentPort.postMessage('waits'), 300);
    });
  `;
  const worker = new Worker(source, { eval: true, trackUnmanagedFds: false });
  expect(await once(worker, 'message')).toEqual(['waits']);
  worker.postMessage('heard');
  expect(await once(worker, 'message')).toEqual(['heard']);
  expect(await worker.terminate()).toBe(1);
});
