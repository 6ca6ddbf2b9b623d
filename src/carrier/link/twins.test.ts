/** Daemons of one id at a third one: copies that live, and processes that followed one another. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { breakable, LinksEnd } from '../../../test/support/links-end.ts';

const host = 'c'.repeat(16);
const never = new AbortController().signal;
const connection = { kind: 'connection', guest: 'db', from: '10.0.0.1:5', hops: 0 } as const;

describe('two daemons of one id', () => {
  let gate: LinksEnd;
  let one: LinksEnd;
  let copy: LinksEnd;
  beforeEach(async () => {
    gate = await new LinksEnd('gate').listen();
    one = await new LinksEnd('one', { host }).listen();
    copy = await new LinksEnd('copy', { host }).listen();
  });
  afterEach(async () => {
    await Promise.all([gate, one, copy].map((end) => end.close()));
  });

  test('the second that comes is refused, and told why; the first keeps its link and its streams', async () => {
    gate.onStream = (_link, incoming) => void incoming.accept().resume();
    const link = await one.dial(gate.port);
    const stream = await link.openStream(connection, never);
    for (let i = 0; i < 2; i += 1) {
      await expect(copy.dial(gate.port)).rejects.toMatchObject({
        code: 'WH_ERR_PEER_EXISTS',
        message: expect.stringMatching(/^one at 127\.0\.0\.1:\d+, which is linked, has the same id: .*remove peer-id/),
      });
    }
    expect(gate.links.all).toHaveLength(1);
    expect([link.open, stream.destroyed]).toEqual([true, false]);
  });

  test('the second that is dialed is refused as well', async () => {
    const link = await gate.dial(one.port);
    await expect(gate.dial(copy.port)).rejects.toMatchObject({ code: 'WH_ERR_PEER_EXISTS' });
    expect(link.open).toBe(true);
  });

  test('they do not link with each other', async () => {
    await expect(one.dial(copy.port)).rejects.toMatchObject({ code: 'WH_ERR_PEER_EXISTS' });
  });

  test('one that is stopping, or has no connection any more, gives way at once', async () => {
    gate.onStream = (_link, incoming) => void incoming.accept().resume();
    const before = await one.dial(gate.port);
    await before.openStream(connection, never);
    one.links.drain();
    await expect.poll(() => gate.told).toContain('draining');
    await copy.dial(gate.port);
    await expect.poll(() => before.over).toBe(true);
  });

  test('one that does not answer gives way', async () => {
    const between = await breakable(gate.port);
    await one.dial(between.port);
    between.freeze();
    const next = await copy.dial(gate.port);
    expect(next.open).toBe(true);
    expect(gate.links.all.map(({ hello }) => hello?.name)).toEqual(['copy']);
    between.close();
  }, 20_000);
});
