import { describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { type Allow, allowedEndpoints, literalOf } from './allowed-endpoints.ts';

const never = new AbortController().signal;
const only =
  (...hosts: readonly string[]): Allow =>
  (host) => {
    if (!hosts.includes(host)) throw new WormholeError('WH_ERR_POLICY', `${host} is forbidden`);
  };
const endpoints = [
  { host: 'localhost', port: 1 },
  { host: '192.0.2.7', port: 2 },
];

describe('where a peer may be dialed', () => {
  test('for people of this machine: everywhere, and names stay names', async () => {
    expect(await allowedEndpoints(endpoints, [only(), undefined], never)).toBe(endpoints);
  });

  test('A5 for wormholes of peers: at literals that were judged, and nowhere else', async () => {
    expect(await allowedEndpoints(endpoints, [only('127.0.0.1')], never)).toEqual([{ host: '127.0.0.1', port: 1 }]);
    expect(await allowedEndpoints(endpoints, [only(), only('192.0.2.7')], never)).toEqual([endpoints[1]]);
    await expect(allowedEndpoints(endpoints, [only()], never)).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
  });

  test('the address of a link is judged without its port', () => {
    expect(['10.0.0.1:9999', '[fd00::1]:9999', '[fe80::1%eth0]:1'].map(literalOf)).toEqual([
      '10.0.0.1',
      'fd00::1',
      'fe80::1%eth0',
    ]);
  });
});
