/** Golden vectors of the URL grammar, and attacks on it. */
import { describe, expect, test } from 'vitest';
import type { UrlParts } from './chain.ts';
import { formatUrl, mergeUrl, parseUrl } from './url.ts';

const netns = (name: string): UrlParts => ({ namespace: { kind: 'netns', name } });

describe('parseUrl', () => {
  test.each<[string, UrlParts]>([
    [':40', { port: 40 }],
    ['foo', { host: 'foo' }],
    ['foo:', { host: 'foo' }],
    ['foo:40', { host: 'foo', port: 40 }],
    ['ns@', netns('ns')],
    ['ns@foo', { ...netns('ns'), host: 'foo' }],
    ['ns@:40', { ...netns('ns'), port: 40 }],
    ['ns@foo:40', { ...netns('ns'), host: 'foo', port: 40 }],
    ['tcp://', { protocol: 'tcp' }],
    ['udp://', { protocol: 'udp' }],
    ['unix://', { protocol: 'unix' }],
    ['tcp://foo', { protocol: 'tcp', host: 'foo' }],
    ['tcp://:40', { protocol: 'tcp', port: 40 }],
    ['tcp://foo:40', { protocol: 'tcp', host: 'foo', port: 40 }],
    ['tcp://ns@', { protocol: 'tcp', ...netns('ns') }],
    ['tcp://ns@foo', { protocol: 'tcp', ...netns('ns'), host: 'foo' }],
    ['tcp://ns@:40', { protocol: 'tcp', ...netns('ns'), port: 40 }],
    ['tcp://ns@foo:40', { protocol: 'tcp', ...netns('ns'), host: 'foo', port: 40 }],
    ['[::1]:40', { host: '::1', port: 40 }],
  ])('WU10 reads %s', (text, parts) => {
    expect(parseUrl(text)).toEqual(parts);
  });

  test('WU10 an empty url says nothing and is refused, where it once meant no change', () => {
    expect(() => parseUrl('')).toThrow(/says nothing/);
    expect(() => parseUrl('  ')).toThrow(/says nothing/);
    expect(() => parseUrl(':')).toThrow(/says nothing/);
  });

  test.each([
    ['multiple@namespace@foo', /more than one "@"/],
    ['invalid://host', /protocol "invalid"/],
    ['multiple:ports:foo', /more than one port/],
    ['unix://with@namepace', /not absolute/],
    ['unix://with:port', /not absolute/],
    ['::1:40', /brackets/],
    ['[bad]bracketing', /invalid bracketing/],
  ])('WU11 refuses %s', (text, reason) => {
    expect(() => parseUrl(text)).toThrow(reason);
  });

  test.each<[string, UrlParts]>([
    [' :40 ', { port: 40 }],
    ['udp://:53', { protocol: 'udp', port: 53 }],
    ['[::1]', { host: '::1' }],
    ['ns@[::1]:80', { ...netns('ns'), host: '::1', port: 80 }],
    ['tcp://:0080', { protocol: 'tcp', port: 80 }],
    ['unix:///tmp/x', { protocol: 'unix', path: '/tmp/x' }],
    ['unix:///run/a@b:c.sock', { protocol: 'unix', path: '/run/a@b:c.sock' }],
    [':0', { port: 0 }],
    ['pid:1234@:80', { namespace: { kind: 'pid', pid: 1234 }, port: 80 }],
    ['container:web@db:80', { namespace: { kind: 'container', container: 'web' }, host: 'db', port: 80 }],
    ['[2001:DB8:0:0::1]', { host: '2001:db8::1' }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
    ['db_1.example-2.org.:80', { host: 'db_1.example-2.org.', port: 80 }],
  ])('XT8 reads %s', (text, parts) => {
    expect(parseUrl(text)).toEqual(parts);
  });

  test.each([
    ['http://x', /protocol "http"/],
    ['UDP://:53', /lower case/],
    ['://x', /protocol ""/],
    ['@foo', /namespace before "@" is empty/],
    [':abc', /not a number/],
    ['foo:abc', /not a number/],
    [':0x', /not a number/],
    [':40/path', /not a number/],
    [':-1', /not a number/],
    [':70000', /out of range/],
    ['3306', /write ":3306"/],
    ['../../proc/1/ns/net@:1', /not a namespace/],
    ['..@:1', /not a namespace/],
    ['pid:0@:1', /not a process id/],
    ['pid:99999999@:1', /not a process id/],
    ['pid:self@:1', /not a process id/],
    ['unix:///tmp/', /directory/],
    [`unix:///${'x'.repeat(107)}`, /108 bytes/],
    ['unix:///tmp/\u0000x', /cannot be printed/],
  ])('XT8 refuses %s, which was taken or read as something else', (text, reason) => {
    expect(() => parseUrl(text)).toThrow(reason);
  });

  test.each([
    ['userinfo', 'tcp://user:pass@db:80'],
    ['a signed port', 'db:+1'],
    ['a fractional port', 'db:1.0'],
    ['a port with blanks', 'db: 80'],
    ['a port in other digits', 'db:٨٠'],
    ['port 65536', 'db:65536'],
    ['a port of 64 KiB', `db:${'9'.repeat(65_536)}`],
    ['NUL in the host', 'db\u0000.evil:80'],
    ['CR LF in the host', 'db\r\nX-Evil: 1:80'],
    ['a line end after the port', ':80\r\n'],
    ['a host name of 64 KiB', 'a'.repeat(65_536)],
    ['a host name of 64 KiB in labels', `${'a.'.repeat(32_768)}a:80`],
    ['an IPv6 address of 64 KiB', `[${':'.repeat(65_536)}]:80`],
    ['an IPv6 zone on a global address', '[2001:db8::1%eth0]:80'],
    ['an IPv6 zone with a path in it', '[fe80::1%../../x]:80'],
    ['an empty IPv6 zone', '[fe80::1%]:80'],
    ['a percent-encoded host', 'db%2eevil:80'],
    ['a host with a slash', 'db/evil:80'],
    ['a host in another script', 'bücher.example:80'],
    ['a decimal IPv4 address', '2130706433:80'],
    ['a hexadecimal IPv4 address', '0x7f000001:80'],
    ['an octal IPv4 address', '0177.0.0.1:80'],
    ['a short IPv4 address', '127.1:80'],
    ['an IPv4 address with leading zeros', '127.0.0.01:80'],
    ['an IPv4 address out of range', '256.0.0.1:80'],
  ])('A18 refuses %s', (_, text) => {
    expect(() => parseUrl(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
  });

  test('A18 a message shows hostile text shortened and without control characters', () => {
    const hostile = `\u001b[2J\u202e${'a'.repeat(65_536)}`;
    const error = ((): unknown => {
      try {
        return parseUrl(hostile);
      } catch (thrown) {
        return thrown;
      }
    })() as Error;
    expect(error.message.length).toBeLessThan(300);
    // oxlint-disable-next-line no-control-regex
    expect(error.message).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

describe('formatUrl', () => {
  test.each([':40', 'foo', 'ns@foo:40', 'tcp://pid:7@[::1]:40', 'unix:///tmp/x', 'unix://', 'udp://container:web@'])(
    'spells %s as it was read',
    (text) => {
      expect(formatUrl(parseUrl(text))).toBe(text);
    },
  );
});

describe('mergeUrl', () => {
  test('lets the later part win and keeps the others', () => {
    expect(mergeUrl(parseUrl('tcp://foo:1'), parseUrl('ns@:2'))).toEqual(parseUrl('tcp://ns@foo:2'));
  });

  test.each([
    ['foo:1', 'unix:///x'],
    ['unix:///x', ':1'],
    ['unix:///x', 'tcp://'],
    ['ns@', 'unix://'],
  ])('refuses %s with %s, which cannot both be meant', (base, next) => {
    expect(() => mergeUrl(parseUrl(base), parseUrl(next))).toThrow(/contradict/);
  });
});
