import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arePair, freePairs, pairAt, pairCount, pairOf } from './overlay.ts';

const usual = { network: '100.64.0.0', bits: 14 };
const small = { network: '10.1.2.0', bits: 30 };
const none = (): boolean => false;

describe('overlay addresses', () => {
  test('come in aligned pairs, as many as the range holds', () => {
    expect(pairCount(usual)).toBe(131_072);
    expect(pairAt(usual, 0)).toEqual({ low: '100.64.0.0', high: '100.64.0.1' });
    expect(pairAt(usual, 131_071)).toEqual({ low: '100.67.255.254', high: '100.67.255.255' });
    expect([pairCount(small), pairAt(small, 1)]).toEqual([2, { low: '10.1.2.2', high: '10.1.2.3' }]);
  });

  test('either address of a pair tells the pair', () => {
    fc.assert(
      fc.property(fc.nat({ max: pairCount(usual) - 1 }), (index) => {
        const pair = pairAt(usual, index);
        expect(pairOf(usual, pair.low)).toEqual(pair);
        expect(pairOf(usual, pair.high)).toEqual(pair);
        expect(arePair(usual, pair.low, pair.high) && arePair(usual, pair.high, pair.low)).toBe(true);
      }),
    );
  });

  test.each(['100.63.255.255', '100.68.0.0', '255.255.255.255', '100.64.0.01', '::1', '', 'x', '100.64.0.1%eth0'])(
    'W5 %s is no address of the range',
    (address) => expect(pairOf(usual, address)).toBeUndefined(),
  );

  test('W5 two addresses are a pair only when they are the two of one', () => {
    expect(arePair(usual, '100.64.0.1', '100.64.0.2')).toBe(false);
    expect(arePair(usual, '100.64.0.2', '100.64.0.2')).toBe(false);
    expect(arePair(usual, '100.64.0.2', '10.0.0.3')).toBe(false);
  });

  test('two hosts come to the same pair first, whoever asks', () => {
    expect(freePairs(usual, ['b', 'a'], none, 3)).toEqual(freePairs(usual, ['a', 'b'], none, 3));
    expect(freePairs(usual, ['a', 'c'], none, 1)).not.toEqual(freePairs(usual, ['a', 'b'], none, 1));
  });

  test('what is used by half is not free', () => {
    const [first, second] = freePairs(usual, ['a', 'b'], none, 2);
    expect(freePairs(usual, ['a', 'b'], (address) => address === first?.high, 1)).toEqual([second]);
  });

  test('end with the range, each pair once', () => {
    expect(freePairs(small, ['a', 'b'], none, 10)).toHaveLength(2);
    expect(freePairs(small, ['a', 'b'], (address) => address.endsWith('.0'), 10)).toEqual([pairAt(small, 1)]);
    expect(freePairs(small, ['a', 'b'], () => true, 10)).toEqual([]);
  });
});
