/** Secrets do not print, and compare safely. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from './secret.ts';

const text = 'correct horse battery staple, and more of it';
const bytes = new TextEncoder().encode(text);

describe('Secret', () => {
  test('A10 no way of turning it into text shows the bytes', () => {
    const secret = new Secret(bytes);
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret, { showHidden: true, depth: 9 }),
      inspect({ deep: { secret } }, { depth: 9 }),
      Object.values(secret).join(),
      JSON.stringify(structuredClone(secret)),
    ];
    for (const one of shown) {
      expect(one).not.toContain('correct');
      expect(one).not.toContain(bytes.join(','));
    }
    expect(String(secret)).toBe('[redacted]');
  });

  test('A10 equal bytes are equal, and different lengths are compared without a throw', () => {
    const secret = new Secret(bytes);
    expect(secret.equals(new Secret(bytes))).toBe(true);
    expect(secret.equals(new Secret(bytes.subarray(1)))).toBe(false);
    expect(secret.equals(new Secret(new Uint8Array(0)))).toBe(false);
    const other = Uint8Array.from(bytes);
    other[other.length - 1] = 0;
    expect(secret.equals(new Secret(other))).toBe(false);
  });

  test('neither the given nor the returned bytes alias the secret', () => {
    const given = Uint8Array.from(bytes);
    const secret = new Secret(given);
    given.fill(0);
    secret.bytes().fill(0);
    expect(new TextDecoder().decode(secret.bytes())).toBe(text);
  });
});
