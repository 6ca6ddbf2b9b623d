import { describe, expect, test } from 'vitest';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { Returning } from './returning.ts';

const a = { host: 'a'.repeat(16), identity: commonIdentity };
const [x, y] = [`x.0~${a.host}`, `y.0~${a.host}`];
const elsewhere = `x.0~${'b'.repeat(16)}`;

describe('guests of an earlier life', () => {
  test('are expected until their owner comes and says which it wants', () => {
    let told = 0;
    using returning = new Returning(60_000, () => (told += 1));
    expect([x, y, elsewhere, 'plain'].map((id) => returning.expects(id))).toEqual([true, true, true, false]);
    returning.rolled(a, new Set([x]));
    expect([x, y, elsewhere].map((id) => returning.expects(id))).toEqual([true, false, true]);
    expect(told).toBe(1);
  });

  test('A11 somebody else who says the same host id cannot give them up', () => {
    using returning = new Returning(60_000, () => undefined);
    returning.rolled({ ...a, identity: 'evil' }, new Set());
    expect(returning.expects(x)).toBe(true);
  });

  test('are nobody’s after a lease', async () => {
    let told = 0;
    using returning = new Returning(5, () => (told += 1));
    await expect.poll(() => told).toBe(1);
    expect(returning.expects(x)).toBe(false);
  });
});
