import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatTarget, parseMappings } from './mapping.ts';

const one = (text: string, bind?: string): string => {
  const [mapping] = parseMappings([text], [], bind);
  return `${mapping?.listen.host} ${mapping?.listen.port} > ${mapping === undefined ? '' : formatTarget(mapping.target)}`;
};
const refused = (out: readonly string[], back: readonly string[] = [], bind?: string): string => {
  try {
    parseMappings(out, back, bind);
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return 'taken';
};

describe('mappings', () => {
  test.each([
    ['8080', '127.0.0.1 8080 > 127.0.0.1:8080'],
    ['8081:8080', '127.0.0.1 8081 > 127.0.0.1:8080'],
    ['8081:localhost:8080', '127.0.0.1 8081 > localhost:8080'],
    ['db:3306', '127.0.0.1 3306 > db:3306'],
    ['0:db:3306', '127.0.0.1 0 > db:3306'],
    ['10.0.0.1:8080:db:3306', '10.0.0.1 8080 > db:3306'],
    ['[::1]:8080:db:3306', '::1 8080 > db:3306'],
    ['10.0.0.1:8080:80', '10.0.0.1 8080 > 127.0.0.1:80'],
    ['container/web:80', '127.0.0.1 80 > container/web:80'],
    ['8080:container/tail:80', '127.0.0.1 8080 > container/tail:80'],
  ])('F41 F42 %s means %s', (text, meaning) => {
    expect(one(text)).toBe(meaning);
  });

  test.each([
    ['[::1]:80', '127.0.0.1 80 > [::1]:80'],
    ['8080:[fd00::1]:80', '127.0.0.1 8080 > [fd00::1]:80'],
    ['[::1]:8080:[FD00::0:1]:80', '::1 8080 > [fd00::1]:80'],
  ])('T7 IPv6 stands in brackets: %s', (text, meaning) => {
    expect(one(text)).toBe(meaning);
  });

  test('T5 the loopback is listened on unless another address is given, for all or for one', () => {
    expect(one('8080', '0.0.0.0')).toBe('0.0.0.0 8080 > 127.0.0.1:8080');
    expect(one('127.0.0.2:80:db:80', '0.0.0.0')).toBe('127.0.0.2 80 > db:80');
    expect(one('8080', '::1')).toBe('::1 8080 > 127.0.0.1:8080');
  });

  test.each([
    '',
    '70000:80',
    '8080:0',
    '0',
    '8081::80',
    ':80',
    '80:',
    'a:b',
    'db',
    '-1',
    '+80',
    '0x50',
    '1:2:3:4:5',
    'x:80:db:80',
    'db:80:db:80',
    '8080:::1:80',
    '8080:[::1:80',
    '8080:container/:80',
    '8080:container/a b:80',
    '8080:db\u0000:80',
    '8080:127.1:80',
    '8080:user@db:80',
    '8080:http://db:80',
    '99999999999999999999:80',
  ])('T7 %j is refused as wrong usage, and never read as something else', (text) => {
    expect(refused([text])).toMatch(/^WH_ERR_USAGE: -c /);
  });

  test('of -R the far end listens, on a port that it is told, and never for a container of this machine', () => {
    const [mapping] = parseMappings([], ['8080:localhost:3000']);
    expect(mapping).toMatchObject({ direction: 'back', listen: { host: '127.0.0.1', port: 8080 } });
    expect(refused([], ['0:3000'])).toMatch(/^WH_ERR_USAGE: -R /);
    expect(refused([], ['container/web:80'])).toMatch(/^WH_ERR_USAGE: -R /);
  });

  test('two that would listen on one port are refused; here and there are two machines', () => {
    expect(refused(['8080:db:1', '8080:db:2'])).toMatch('listen on the same port');
    expect(refused(['8080', '127.0.0.2:8080:db:1'])).toBe('taken');
    expect(refused(['8080'], ['8080'])).toBe('taken');
    expect(refused(['0:80', '0:81'])).toBe('taken');
  });

  test('nothing to forward is wrong usage, and so is no address to bind', () => {
    expect(refused([])).toMatch('nothing to forward');
    expect(refused(['80'], [], 'localhost')).toMatch('--bind "localhost"');
  });
});

describe('docs/forward.md', () => {
  const page = readFileSync(new URL('../../../docs/forward.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([^-\s]\S*)` \| (.+?) \| (.+) \|$/gm)].map(([, ...cells]) => cells);

  test('has a table of mappings', () => {
    expect(rows.length).toBeGreaterThan(7);
  });

  test.each(rows)('has %s listen on %s and lead to %s', (text = '', listen = '', target = '') => {
    const [host, port] = listen.startsWith('a free port') ? ['127.0.0.1', '0'] : listen.split(':');
    const goal = target
      .replace(/^port (\d+) on the loopback of its container `(\w+)`.*$/, 'container/$2:$1')
      .replace(/^its own /, '')
      .replace(/;.*$/, '');
    expect(one(text)).toBe(`${host} ${port} > ${goal}`);
  });
});
