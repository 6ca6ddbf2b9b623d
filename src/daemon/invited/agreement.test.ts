import { expect, test } from 'vitest';
import { makeX25519 } from '../../lib/x25519.ts';
import { agreeAsComing, agreeAsInviting } from './agreement.ts';

const invited = { identity: 'invited:0123456789abcdef', key: Buffer.alloc(32, 7).toString('base64') };
const base64 = (bytes: Buffer): string => bytes.toString('base64');

test('both hosts come to one key, which is that of no other invitation, secret or pair', () => {
  const [inviting, coming] = [makeX25519(), makeX25519()];
  const key = agreeAsComing(invited, coming, inviting.publicKey);
  expect(agreeAsInviting(invited, base64(inviting.privateKey), base64(coming.publicKey))).toBe(key);
  expect(Buffer.from(key ?? '', 'base64')).toHaveLength(32);
  for (const [others, pair] of [
    [{ ...invited, identity: 'invited:fedcba9876543210' }, coming],
    [{ ...invited, key: base64(Buffer.alloc(32, 8)) }, coming],
    [invited, makeX25519()],
  ] as const) {
    expect(agreeAsComing(others, pair, inviting.publicKey)).not.toBe(key);
  }
});

test('A11 who knows the token, and all that crosses the first link, has no key of either host', () => {
  const [inviting, coming, between] = [makeX25519(), makeX25519(), makeX25519()];
  // Toward each of the two it can only bring a half of its own.
  const toComing = agreeAsComing(invited, coming, inviting.publicKey);
  const toInviting = agreeAsInviting(invited, base64(inviting.privateKey), base64(between.publicKey));
  const found = [coming.publicKey, inviting.publicKey].map((far) =>
    agreeAsInviting(invited, base64(between.privateKey), base64(far)),
  );
  expect(found).not.toContain(toComing);
  expect(toInviting).not.toBe(toComing);
});
