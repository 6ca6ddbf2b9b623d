/** The kernel data plane keeps the contract, with more than one worker, so that they must agree. */
import { afterAll, beforeAll } from 'vitest';
import { startDataPlane } from '../../src/proxy/plane.ts';
import { compileWorker } from '../support/relay-worker.ts';
import { relayConformance } from './relay.ts';

let worker: ReturnType<typeof compileWorker> | undefined;
beforeAll(() => {
  worker = compileWorker();
});
afterAll(() => worker?.[Symbol.dispose]());

relayConformance('the kernel data plane', () => {
  if (worker === undefined) throw new Error('the worker was not compiled');
  return startDataPlane({
    workers: 2,
    workerUrl: worker.url,
    onFault: (message) => {
      throw new Error(`a relay worker reported: ${message}`);
    },
  });
});
