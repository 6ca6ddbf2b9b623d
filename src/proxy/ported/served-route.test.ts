import { constants, fstatSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { Counters } from '../counters.ts';
import type { WireRouteOptions } from '../messages.ts';
import { startPortableDataPlane } from '../portable/plane.ts';
import { Raw } from '../portable/raw.ts';
import { ServedRoute } from './served-route.ts';

const options: WireRouteOptions = {
  kind: 'stream',
  balance: 'first',
  connectTimeoutMs: 1_000,
  connIdleMs: 0,
  halfOpenLingerMs: 0,
  flowIdleMs: 0,
  maxConns: 10,
  asks: false,
  records: false,
  traces: false,
};

test('targets that a close has overtaken are given up, with their descriptors', async () => {
  const plane = await startPortableDataPlane({ raw: new Raw() });
  const counters = new Counters().shared;
  const before = openDescriptors();
  const errors: (string | undefined)[] = [];
  const route = new ServedRoute({ type: 'open', route: 1, options, counters }, plane, (message) => {
    if (message.type === 'ack') errors.push(message.error?.code);
  });
  const fds: number[] = [];
  const retarget = (seq: number): Promise<boolean> => {
    const rootFd = openSync('/', constants.O_DIRECTORY);
    fds.push(rootFd);
    const target = { member: 0, label: 's', address: { kind: 'unix', path: '/s', rootFd }, namespaceFd: -1 } as const;
    const targets = { targets: [target], validForMs: Number.POSITIVE_INFINITY };
    return route.obey({ type: 'retarget', seq, route: 1, targets });
  };
  const over = await Promise.all([
    retarget(1),
    retarget(2),
    route.obey({ type: 'close', seq: 3, route: 1, drainMs: 0 }),
  ]);
  expect(over).toEqual([false, false, true]);
  expect(errors).toEqual([undefined, undefined, 'WH_ERR_ABORTED']);
  for (const fd of fds) expect(() => fstatSync(fd)).toThrow('EBADF');
  expect(openDescriptors()).toBe(before);
  await plane[Symbol.asyncDispose]();
});
