/** The carrier's side of its thread: what is loaded with the first link. */
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { defaultLimits } from './limits.ts';
import type { FromCarrier, ToCarrier } from './messages.ts';
import type { Parts } from './parts.ts';
import { serveCarrier } from './serve.ts';

test('what cannot be loaded, for want of descriptors, is loaded by the next one who needs it, and ends nothing', async () => {
  const { port1: main, port2: worker } = new MessageChannel();
  const loads: string[] = [];
  const load = (): Promise<Parts> => {
    loads.push('load');
    if (loads.length === 1) return Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
    return Promise.resolve({ makeStreams: () => ({ onStream: () => {}, close: () => {} }) });
  };
  const told: FromCarrier[] = [];
  main.on('message', (message: FromCarrier) => told.push(message));
  serveCarrier(worker, { parts: load, otherTls: () => Promise.resolve(undefined) });
  const tell = (message: ToCarrier): void => main.postMessage(message);
  const own = { role: 'daemon', instance: '0'.repeat(16), host: '0'.repeat(16), name: 'test', version: '0' } as const;
  tell({ type: 'start', addresses: [], keys: [], limits: defaultLimits, own, names: [], quic: [] });
  await expect.poll(() => told.map(({ type }) => type)).toEqual(['listening']);
  tell({ type: 'wake' });
  await expect.poll(() => loads.length).toBe(1);
  tell({ type: 'wake' });
  await expect.poll(() => loads.length).toBe(2);
  tell({ type: 'wake' });
  tell({ type: 'ask', id: 1, ask: { ask: 'facts', link: 1 } });
  await expect.poll(() => told.at(-1)).toMatchObject({ type: 'failed', code: 'WH_ERR_PEER_UNREACHABLE' });
  expect(loads).toHaveLength(2);
  expect(told[1]).toMatchObject({ type: 'event', event: { reason: 'EMFILE' } });
  main.close();
});
