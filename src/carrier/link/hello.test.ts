import { describe, expect, test } from 'vitest';
import { parseHead } from './head.ts';
import { type Hello, helloMessage, parseHello } from './hello.ts';

const hello: Hello = {
  role: 'daemon',
  instance: '0123456789abcdef',
  host: 'fedcba9876543210',
  name: 'db-host.example',
  insists: true,
  version: '1.0.0-rc.1+5',
  timeMs: 1_700_000_000_000,
  resumeMs: 30_000,
};
const message = helloMessage(hello) as Record<string, unknown>;
const code = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('HELLO', () => {
  test('arrives as it was said; members of a later version are ignored', () => {
    expect(parseHello({ ...message, tomorrow: { x: 1 } })).toEqual(hello);
  });

  test('A23 another version is refused in words that say what to do', () => {
    for (const version of [0, 2, 1_000_000])
      expect(() => parseHello({ hello: version })).toThrow(/version \d+ of the protocol.*update the older one/);
    expect(code(() => parseHello({ hello: 2 }))).toBe('WH_ERR_UNSUPPORTED');
  });

  test('each member is what it must be', () => {
    const wrong: Record<string, unknown[]> = {
      hello: [undefined, '1', -1, 1.5, null],
      role: [undefined, 'root', 5, 'daemon '],
      instance: [undefined, '0123456789ABCDEF', '0', `${hello.instance}0`, 5],
      host: [undefined, '../../../../etc/x', 'x'.repeat(16)],
      name: [undefined, '', '-x', 'a b', 'x'.repeat(254), 'a\nb', '~', 5],
      version: [undefined, '', 'a b', 'x'.repeat(65), 'a\u001b'],
      time: [undefined, -1, 1e300, '5', Number.NaN],
      resume: [-1, 600_001, '5', null],
    };
    for (const [member, values] of Object.entries(wrong))
      for (const value of values)
        expect(
          code(() => parseHello({ ...message, [member]: value })),
          `${member} ${String(value)}`,
        ).toBe('WH_ERR_PROTOCOL');
    expect(parseHello({ ...message, insists: 'yes' }).insists).toBe(false);
  });
});

describe('the head of a stream', () => {
  const head = { open: 'connection', guest: 'x.0~0123456789abcdef.1', from: '10.0.0.1:5', hops: 0 };

  test('says what it is for', () => {
    expect(parseHead({ open: 'api', more: 1 })).toEqual({ kind: 'api' });
    expect(parseHead({ open: 'notices' })).toEqual({ kind: 'notices' });
    expect(parseHead({ ...head, to: '[::1]:80' })).toMatchObject({ kind: 'connection', to: '[::1]:80' });
  });

  test('each member is what it must be', () => {
    const wrong: Record<string, unknown[]> = {
      open: [undefined, 'shell', 5, 'api\n', ['api']],
      guest: [undefined, '', '../x', 'x'.repeat(129), 'a b', 'x@y'],
      from: [undefined, 'a\nb', '\u001b[2J', 'x'.repeat(301), 5],
      hops: [undefined, -1, 17, 0.5, '0'],
      to: ['', 'a b', 'x'.repeat(301), 5, null],
    };
    for (const [member, values] of Object.entries(wrong))
      for (const value of values)
        expect(
          code(() => parseHead({ ...head, [member]: value })),
          `${member} ${String(value)}`,
        ).toBe('WH_ERR_PROTOCOL');
  });
});
