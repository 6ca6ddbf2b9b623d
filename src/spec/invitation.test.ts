import { describe, expect, test } from 'vitest';
import { formatToken, parseToken } from './invitation.ts';

const token = {
  endpoint: { host: 'gateway.example', port: 9999 },
  name: 'gateway',
  identity: 'invited:0123456789abcdef',
  secret: Buffer.alloc(32, 7),
  publicKey: Buffer.alloc(32, 9),
  expires: 1_800_000_000,
};

describe('a token', () => {
  test.each(['gateway.example', '192.0.2.1', '2001:db8::1'])('with endpoint %s comes back as it was made', (host) => {
    const made = { ...token, endpoint: { host, port: 9998 } };
    expect(parseToken(`\n ${formatToken(made)}\n`)).toEqual(made);
  });

  test.each<[string, Partial<Record<keyof typeof token, unknown>>]>([
    ['a short secret', { secret: Buffer.alloc(31) }],
    ['a short key', { publicKey: Buffer.alloc(31) }],
    ['the identity of all', { identity: 'wormhole' }],
    ['a name that is a path', { name: '../a' }],
    ['no port', { endpoint: { host: 'a', port: 0 } }],
    ['no host', { endpoint: { host: '', port: 9999 } }],
    ['no time', { expires: 'never' }],
  ])('with %s is damaged', (_, change) => {
    expect(() => parseToken(formatToken({ ...token, ...change } as never))).toThrowError(/damaged/);
  });

  test.each(['', 'wormhole1.', 'wormhole2.abc', `wormhole1.${'a'.repeat(2000)}`, 'wormhole1.bnVsbA', 'x'])(
    '%s is none, and not repeated',
    (text) => {
      const error = ((): unknown => {
        try {
          return parseToken(text);
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error).toMatchObject({ code: 'WH_ERR_SPEC_INVALID' });
      if (text.length > 12) expect(String(error)).not.toContain(text.slice(10));
    },
  );
});
