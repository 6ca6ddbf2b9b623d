import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressesInHosts } from './hosts.ts';

const file = `
127.0.0.1\tlocalhost
::1 localhost ip6-localhost # loopback
fd00::5  db db.internal
10.1.0.5 db
# 10.1.0.6 db
10.1.0.7 web#db
not-an-address db
10.1.0.5 db
10.1.0.300 db
10.1.0.8
`;

describe('addressesInHosts', () => {
  test('collects every line that names the host, IPv4 first, without repeats', () => {
    expect(addressesInHosts(file, 'db')).toEqual(['10.1.0.5', 'fd00::5']);
  });

  test('takes aliases, compares without case, and ignores a final dot', () => {
    expect(addressesInHosts(file, 'DB.internal.')).toEqual(['fd00::5']);
    expect(addressesInHosts(file, 'web')).toEqual(['10.1.0.7']);
  });

  test('knows nothing that the file does not name', () => {
    for (const name of ['d', 'b', 'internal', '', '.', '10.1.0.8', 'not-an-address']) {
      expect(addressesInHosts(file, name)).toEqual([]);
    }
  });

  test('A31: survives any bytes a container may put there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (bytes, name) => {
        expect(Array.isArray(addressesInHosts(Buffer.from(bytes).toString(), name))).toBe(true);
      }),
    );
  });
});
