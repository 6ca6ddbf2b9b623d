import { describe, expect, test } from 'vitest';
import { newPrivateKey, publicKeyOf } from './key.ts';

describe("WireGuard's keys", () => {
  test('belong together as `wg pubkey` says', () => {
    const made = Buffer.from('5005839d230ece649c7689a66a5c334d48774435634de2cd97c02d6b71349353', 'hex');
    const known = '27446616712dd9a9ba5f2d25ce6b757b80c1d8c1a4b475615e468fc139caff40';
    expect(publicKeyOf(made).toString('hex')).toBe(known);
  });

  test('are new each time', () => {
    expect(newPrivateKey()).toHaveLength(32);
    expect(newPrivateKey()).not.toEqual(newPrivateKey());
  });
});
