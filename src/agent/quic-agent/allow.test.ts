import { describe, expect, test } from 'vitest';
import { AllowList } from './allow.ts';

const to = (address: string, port = 443, name = address) => ({ name, address, port });

describe('where an agent may connect to', () => {
  const list = AllowList.parse('10.0.0.0/8,192.0.2.7:5432,[2001:db8::/32]:443,db.internal:5432,*.example,127.0.0.1');

  test.each([
    to('10.9.8.7', 1),
    to('192.0.2.7', 5432),
    to('2001:db8::5'),
    to('203.0.113.1', 5432, 'DB.internal.'),
    to('203.0.113.1', 80, 'www.example'),
    to('127.0.0.1', 80),
    to('::ffff:10.1.2.3'),
  ])('may be what the list has: %o', (target) => {
    expect(list.refuses(target)).toBeUndefined();
  });

  test.each([
    to('11.0.0.1'),
    to('192.0.2.7', 5433),
    to('2001:db8::5', 80),
    to('203.0.113.1', 80, 'db.internal'),
    to('203.0.113.1', 80, 'example'),
    to('203.0.113.1', 80, 'badexample'),
    to('127.0.0.2', 80),
  ])('may not be what it does not have: %o', (target) => {
    expect(list.refuses(target)).toBe('it is not on the list of what is allowed');
  });

  test('A17: is judged by the address that is dialed, so a name that changed its meaning gains nothing', () => {
    const rebound = AllowList.parse('*.example');
    expect(rebound.refuses(to('192.0.2.1', 80, 'a.example'))).toBeUndefined();
    expect(rebound.refuses(to('169.254.169.254', 80, 'a.example'))).toContain('metadata');
  });

  test.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'fe80::1',
    '0.0.0.0',
    '::',
    '100.100.100.200',
    '255.255.255.255',
    'not an address',
  ])('A17: is never %s, with everything allowed', (address) => {
    expect(AllowList.parse(undefined).refuses(to(address, 80))).toEqual(expect.any(String));
    expect(AllowList.parse('0.0.0.0/0,::/0').refuses(to(address, 80))).toEqual(expect.any(String));
  });

  test('may be one of those when an entry names it alone', () => {
    expect(AllowList.parse('169.254.169.254:80').refuses(to('169.254.169.254', 80))).toBeUndefined();
    expect(AllowList.parse('169.254.169.254:80').refuses(to('169.254.169.254', 81))).toBeDefined();
    expect(AllowList.parse('169.254.169.254/31').refuses(to('169.254.169.254', 80))).toBeDefined();
  });

  test('is everything else without a list', () => {
    expect(AllowList.parse(undefined).refuses(to('203.0.113.1', 1))).toBeUndefined();
  });

  test.each(['', ',', '10.0.0.1/8', 'a:0', 'a:70000', '*', '*.', 'a b', '[10.0.0.0/8', '2001:db8::/129', 'a:'])(
    'is refused as a list: %j',
    (text) => {
      expect(() => AllowList.parse(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
    },
  );
});
