import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../test/support/descriptors.ts';
import { WormholeError } from '../lib/errors.ts';
import type { UpstreamTarget } from './route.ts';
import { toWire } from './wire-targets.ts';

const inRoot = (fd: number): UpstreamTarget => ({
  member: 0,
  label: 'm0',
  address: { kind: 'unix', path: '/run/x.sock', root: { fd } },
});

describe('toWire', () => {
  test('gives the receiver a descriptor of its own for every root', () => {
    const fd = openSync('/', 'r');
    try {
      const wire = toWire([inRoot(fd), inRoot(fd)]);
      const roots = wire.map(({ address }) => (address.kind === 'unix' ? address.rootFd : -1));
      expect(new Set([fd, ...roots]).size).toBe(3);
      for (const root of roots) closeSync(root);
    } finally {
      closeSync(fd);
    }
  });

  test('leaves no descriptor behind when one of them cannot be had', () => {
    const fd = openSync('/', 'r');
    try {
      const before = openDescriptors();
      let thrown: unknown;
      try {
        toWire([inRoot(fd), inRoot(999_999)]);
      } catch (error) {
        thrown = error;
      }
      expect(WormholeError.is(thrown) && thrown.code).toBe('WH_ERR_LIMIT');
      expect(openDescriptors()).toBe(before);
    } finally {
      closeSync(fd);
    }
  });

  test('sends addresses as they are, and -1 where no descriptor is needed', () => {
    const address = { kind: 'ip', host: '127.0.0.1', port: 80 } as const;
    expect(toWire([{ member: 3, label: 'm3', address }])).toEqual([
      { member: 3, label: 'm3', address, namespaceFd: -1 },
    ]);
  });
});
