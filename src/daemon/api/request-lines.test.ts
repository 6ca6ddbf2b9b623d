import { describe, expect, test } from 'vitest';
import type { Origin } from './operations.ts';
import { RequestLines } from './request-lines.ts';

const peer = (identity: string): Origin => ({ kind: 'peer', identity, address: '10.0.0.1:5' });
const local: Origin = { kind: 'local', pid: 1, uid: 0, gid: 0 };

describe('lines about requests', () => {
  test('A22 a peer that asks without end fills no log, and hides nobody else', () => {
    const urls: string[] = [];
    const lines = new RequestLines({ info: ({ url }: { url: string }) => void urls.push(url) } as never);
    for (let i = 0; i < 10_000; i += 1) lines.note('POST', `/v1/guests/${'x'.repeat(10_000)}`, peer('evil'));
    expect(urls.length).toBeLessThan(1_000);
    expect(Math.max(...urls.map(({ length }) => length))).toBeLessThan(301);
    urls.length = 0;
    lines.note('POST', '/v1/wormholes', peer('honest'));
    for (let i = 0; i < 1_000; i += 1) lines.note('POST', '/v1/wormholes', local);
    expect(urls).toHaveLength(1_001);
  });
});
