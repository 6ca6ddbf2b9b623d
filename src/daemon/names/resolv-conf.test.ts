import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidates, parseResolvConf } from './resolv-conf.ts';

describe('parseResolvConf', () => {
  test('reads what Docker writes', () => {
    expect(parseResolvConf('search lan corp.example.\nnameserver 127.0.0.11\noptions edns0 ndots:0\n')).toEqual({
      servers: ['127.0.0.11'],
      search: ['lan', 'corp.example'],
      ndots: 0,
      timeoutMs: 5000,
      attempts: 2,
      tcp: false,
    });
  });

  test('asks the own loopback when no server is given', () => {
    expect(parseResolvConf('').servers).toEqual(['127.0.0.1']);
  });

  test('the last search or domain counts', () => {
    expect(parseResolvConf('search a b\ndomain c d\n').search).toEqual(['c']);
    expect(parseResolvConf('domain c\nsearch a .\n').search).toEqual(['a', '']);
  });

  test('takes three servers, and none that is no literal or has an interface of another namespace', () => {
    const lines = ['host.name', 'fe80::1%eth0', '10.0.0.1', '::1', '10.0.0.2', '10.0.0.3'];
    expect(parseResolvConf(lines.map((line) => `nameserver ${line} # x`).join('\n')).servers).toEqual([
      '10.0.0.1',
      '::1',
      '10.0.0.2',
    ]);
  });

  test('A31: what the container asks for is capped', () => {
    const greedy = parseResolvConf('options ndots:999 timeout:86400 attempts:4000000 use-vc');
    expect(greedy).toMatchObject({ ndots: 15, timeoutMs: 5000, attempts: 3, tcp: true });
    expect(parseResolvConf('options timeout:0 attempts:0')).toMatchObject({ timeoutMs: 1000, attempts: 1 });
    expect(parseResolvConf('options timeout:-1 attempts:x ndots')).toMatchObject({ timeoutMs: 5000, attempts: 2 });
    expect(parseResolvConf(`search ${'a '.repeat(500)}`).search).toHaveLength(32);
  });

  test('A31: survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString();
        const { servers, attempts, timeoutMs } = parseResolvConf(`options ${text}\nnameserver ${text}\n${text}`);
        expect(servers.length).toBeGreaterThan(0);
        expect(attempts * timeoutMs).toBeLessThanOrEqual(15_000);
      }),
    );
  });
});

describe('candidates', () => {
  const settings = { search: ['lan', 'corp.example'], ndots: 2 };

  test('few dots: the search list first; enough dots: the name first; an absolute name alone', () => {
    expect(candidates('db', settings)).toEqual(['db.lan', 'db.corp.example', 'db']);
    expect(candidates('a.b.c', settings)).toEqual(['a.b.c', 'a.b.c.lan', 'a.b.c.corp.example']);
    expect(candidates('db.', settings)).toEqual(['db']);
    expect(candidates('db', { search: [''], ndots: 1 })).toEqual(['db']);
  });

  test('leaves out what no DNS question can hold', () => {
    for (const name of ['', '.', 'a..b', `${'x'.repeat(64)}.y`, 'a b', 'ü', `${'x.'.repeat(127)}y`]) {
      expect(candidates(name, { search: [], ndots: 1 })).toEqual([]);
    }
  });
});
