import { expect, test } from 'vitest';
import { parseIngress, parseListen } from './ingress.ts';

test('clients may come in at several places, some for agents of one name', () => {
  expect(parseIngress('127.0.0.1:10443,db=:10444,[::1]:1')).toEqual([
    { agent: undefined, host: '127.0.0.1', port: 10_443 },
    { agent: 'db', host: '', port: 10_444 },
    { agent: undefined, host: '::1', port: 1 },
  ]);
});

test.each(['', 'host', '=:1', ':x', ':70000', '::1:80', 'a:1,', '[::1'])('%j is no place to listen on', (text) => {
  expect(() => parseIngress(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
  expect(() => parseListen(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
});
