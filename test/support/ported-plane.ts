/**
 * A portable data plane in a thread of its own, over a message port: as the carrier's thread has it.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import { planeOver } from '../../src/proxy/ported/client.ts';
import type { DataPlane } from '../../src/proxy/route.ts';
import type { Compiled } from './relay-worker.ts';

export const PORTED_SOURCES = ['proxy/portable/plane.ts', 'proxy/portable/raw.ts', 'proxy/ported/server.ts'] as const;

/** Not a file: it only puts compiled ones together. */
const program = `
const { workerData } = require('node:worker_threads');
(async () => {
  const [{ startPortableDataPlane }, { Raw }, { servePlane }] = await Promise.all(workerData.urls.map((url) => import(url)));
  servePlane(await startPortableDataPlane({ raw: new Raw() }), workerData.port);
})();
`;

export interface PortedPlane extends DataPlane {
  /** Ends the thread as a fault in it would. */
  kill(): Promise<void>;
}

/** @param compiled {@link PORTED_SOURCES}, borrowed */
export function startPortedPlane(compiled: Compiled, onFault: (error: Error) => void): PortedPlane {
  const { port1: port, port2 } = new MessageChannel();
  const urls = PORTED_SOURCES.map((source) => String(compiled.url(source)));
  const worker = new Worker(program, {
    eval: true,
    workerData: { port: port2, urls },
    transferList: [port2],
    trackUnmanagedFds: false,
  });
  worker.on('error', onFault);
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const plane = planeOver(port);
  return {
    open: (options) => plane.open(options),
    async kill() {
      await worker.terminate();
    },
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]();
      await exited;
    },
  };
}
