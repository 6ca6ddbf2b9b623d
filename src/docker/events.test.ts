import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lines, toChange } from './events.ts';

const event = (Action: string, more = {}): string =>
  JSON.stringify({ Type: 'container', Action, Actor: { ID: 'abc', Attributes: { name: 'web' } }, ...more });

describe('toChange', () => {
  test.each(['start', 'die', 'rename', 'pause', 'destroy', 'health_status: healthy'])('lets %s through', (action) => {
    expect(toChange(event(action))).toEqual({ id: 'abc', name: 'web', action });
  });

  test("translates Podman's words", () => {
    expect(toChange(event('died'))?.action).toBe('die');
    expect(toChange(event('remove'))?.action).toBe('destroy');
  });

  test('drops what cannot move a container', () => {
    for (const action of ['exec_create: sh', 'exec_start: sh', 'attach', 'top', 'resize', 'toString']) {
      expect(toChange(event(action))).toBeUndefined();
    }
    expect(toChange(event('start', { Type: 'network' }))).toBeUndefined();
  });

  test('drops whatever is no event', () => {
    for (const line of ['', '{', 'null', '[]', '1', '{}', '{"Type":"container","Action":"start","Actor":7}']) {
      expect(toChange(line)).toBeUndefined();
    }
    fc.assert(fc.property(fc.json(), (line) => toChange(line) === undefined));
  });
});

describe('Lines', () => {
  test('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (texts, sizes) => {
          const lines = texts.map((text) => text.replaceAll('\n', ''));
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const cutter = new Lines();
          const seen: string[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] ?? 3;
            seen.push(...cutter.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(seen).toEqual(lines.map((line) => line.replace(/^\uFEFF/, '')).slice(0, seen.length));
          expect(seen).toHaveLength(lines.length);
        },
      ),
    );
  });

  test('skips a line without an end, and nothing after it', () => {
    const lines = new Lines();
    const flood = Buffer.alloc(600_000, 'x');
    expect([...lines.push(flood), ...lines.push(flood), ...lines.push(flood)]).toEqual([]);
    expect(lines.push(Buffer.from('rest\nnext\n'))).toEqual(['next']);
  });
});
