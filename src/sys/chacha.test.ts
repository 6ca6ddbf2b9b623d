import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChaChaPoly, TAG_BYTES } from './chacha.ts';

const native = ChaChaPoly.load() as ChaChaPoly;
const head = 24;

/** As node:crypto seals it. */
function sealed(key: Buffer, number: number, header: Buffer, plain: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(header, { plaintextLength: plain.length });
  return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

test('seals as node:crypto does, and opens what it sealed, whatever came before', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const plain = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constant(randomBytes(60_000)));
  fc.assert(
    fc.property(key, fc.maxSafeNat(), plain, fc.nat(), (secret, number, bytes, at) => {
      const [of, text] = [Buffer.from(secret), Buffer.from(bytes)];
      const header = randomBytes(head);
      const expected = sealed(of, number, header, text);
      // From the beginning of a larger block, as well.
      const block = at % 2 === 0 ? text : Buffer.concat([text, randomBytes(100)]);
      expect(native.seal(of, number, header, block, text.length).equals(expected)).toBe(true);
      const opened = native.open(of, number, expected, head);
      // What was opened is good until the next is, whatever is sealed meanwhile.
      native.seal(of, number + 1, header, randomBytes(500), 500);
      expect(opened?.equals(text)).toBe(true);
      const wrong = Buffer.from(expected);
      (wrong[at % wrong.length] as number) ^= 1 << (at % 8);
      expect(native.open(of, number, wrong, head)).toBeUndefined();
      expect(native.open(of, number + (number === 0 ? 1 : -1), expected, head)).toBeUndefined();
      if (at % 5 === 0) native.forget();
    }),
    { numRuns: 200 },
  );
});

test('lengths that do not fit are refused before anything is written', () => {
  const key = Buffer.alloc(32, 1);
  const seal = (header: number, plain: number, length: number) => () =>
    native.seal(key, 1, Buffer.alloc(header), Buffer.alloc(plain), length);
  for (const [header, plain, length] of [
    [head, 60, 61],
    [head, 60, -1],
    [head, 60, Number.NaN],
    [head, 65_497, 65_497],
    [65_537, 0, 0],
    [head, 200_000, 200_000],
  ] as const) {
    expect(seal(header, plain, length)).toThrow(RangeError);
  }
  for (const size of [0, 39, 65_537, 1_000_000]) expect(native.open(key, 1, Buffer.alloc(size), head)).toBeUndefined();
});

test('a key that is none is an error, not a weak key', () => {
  expect(() => native.seal(Buffer.alloc(16), 1, Buffer.alloc(head), Buffer.alloc(60), 60)).toThrow(RangeError);
});
