import { expect, test } from 'vitest';
import { makeX25519, sharedSecret } from './x25519.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test('the secret is that of RFC 7748 §6.1', () => {
  const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const bob = hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  expect(sharedSecret(alice, bob)?.toString('hex')).toBe(
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  );
});

test('the halves of two pairs come to one secret, and to another one with a third', () => {
  const [one, other, third] = [makeX25519(), makeX25519(), makeX25519()];
  const secret = sharedSecret(one.privateKey, other.publicKey);
  expect(secret).toHaveLength(32);
  expect(sharedSecret(other.privateKey, one.publicKey)).toEqual(secret);
  expect(sharedSecret(third.privateKey, other.publicKey)).not.toEqual(secret);
});

test.each([
  ['too short', Buffer.alloc(31, 1)],
  ['too long', Buffer.alloc(33, 1)],
  ['zero, by which everybody knows the secret', Buffer.alloc(32)],
  ['one, likewise', Buffer.from([1, ...Buffer.alloc(31)])],
])('what is %s is no key', (_, far) => {
  expect(sharedSecret(makeX25519().privateKey, far)).toBeUndefined();
});
