/** Which addresses are the same listener. */
import { describe, expect, test } from 'vitest';
import { leadsTo, type Spot, sharesListener } from './self-proxy.ts';

const spot = (host: string, more: Partial<Spot> = {}): Spot => ({
  protocol: 'tcp',
  namespace: 'net:[1]',
  host,
  port: 80,
  ...more,
});

describe('a target leads to the head', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['0.0.0.0', '127.0.0.1', true],
    ['0.0.0.0', '127.9.9.9', true],
    ['127.0.0.1', '0.0.0.0', true],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['::', '::1', true],
    ['::1', '::', true],
    ['::', '127.0.0.1', false],
    ['0.0.0.0', '192.0.2.1', false],
    ['127.0.0.1', '127.0.0.2', false],
  ])('listening on %s, dialing %s: %s', (listened, dialed, expected) => {
    expect(leadsTo(spot(listened), spot(dialed))).toBe(expected);
  });

  test.each([{ port: 81 }, { namespace: 'net:[2]' }, { protocol: 'udp' as const }])('not with %j', (other) => {
    expect(leadsTo(spot('127.0.0.1'), spot('127.0.0.1', other))).toBe(false);
  });
});

describe('two heads share a listener', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '0.0.0.0', true],
    ['0.0.0.0', '192.0.2.1', true],
    ['::', '2001:db8::1', true],
    ['::', '127.0.0.1', false],
    ['127.0.0.1', '127.0.0.2', false],
  ])('%s and %s: %s', (one, other, expected) => {
    expect(sharesListener(spot(one), spot(other))).toBe(expected);
    expect(sharesListener(spot(other), spot(one))).toBe(expected);
  });
});
