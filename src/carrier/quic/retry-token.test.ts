import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryTokens } from './retry-token.ts';

const id = Buffer.alloc(16, 1);
const odcid = Buffer.from('the first id');

test('a token gives back the id that the client chose', () => {
  const tokens = new RetryTokens();
  expect(tokens.check('192.0.2.1 4433', id, tokens.make('192.0.2.1 4433', id, odcid))).toEqual(odcid);
});

test('A24: a token is good for the address and the connection id that it was made for, and for no other', () => {
  const tokens = new RetryTokens();
  const token = tokens.make('192.0.2.1 4433', id, odcid);
  expect(tokens.check('192.0.2.1 4434', id, token)).toBeUndefined();
  expect(tokens.check('192.0.2.2 4433', id, token)).toBeUndefined();
  expect(tokens.check('192.0.2.1 4433', Buffer.alloc(16, 2), token)).toBeUndefined();
  expect(new RetryTokens().check('192.0.2.1 4433', id, token)).toBeUndefined();
});

test('A11: a token is good for ten seconds', () => {
  let now = 1_000_000;
  const tokens = new RetryTokens(() => now);
  const token = tokens.make('a 1', id, odcid);
  now += 10_000;
  expect(tokens.check('a 1', id, token)).toEqual(odcid);
  now += 1;
  expect(tokens.check('a 1', id, token)).toBeUndefined();
  now -= 20_000;
  expect(tokens.check('a 1', id, token)).toBeUndefined();
});

test('no other bytes are a token', () => {
  const tokens = new RetryTokens();
  const good = tokens.make('a 1', id, odcid);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => tokens.check('a 1', id, bytes) === undefined));
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ change;
      return tokens.check('a 1', id, bad) === undefined;
    }),
  );
});
