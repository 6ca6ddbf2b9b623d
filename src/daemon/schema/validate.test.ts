/** The small validator against typebox's own. */
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import * as shapes from '../../spec/api.ts';
import type { JsonSchema } from './schema.ts';
import { validate } from './validate.ts';

const body: JsonSchema = {
  type: 'object',
  required: ['words'],
  properties: {
    words: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string', maxLength: 3 } },
    now: { anyOf: [{ const: 'true' }, { const: 'false' }] },
  },
  additionalProperties: false,
};

describe('validate', () => {
  test.each([
    [{ words: ['a'] }, undefined],
    [{ words: ['a'], now: 'true' }, undefined],
    [[], ' must be an object'],
    [null, ' must be an object'],
    [{}, 'words is missing'],
    [{ words: 'a' }, 'words must be an array'],
    [{ words: [] }, 'words must have at least 1 element(s)'],
    [{ words: ['a', 'b', 'c'] }, 'words must have at most 2 elements'],
    [{ words: ['a', 7] }, 'words[1] must be a string'],
    [{ words: ['abcd'] }, 'words[0] longer than 3 characters'],
    [{ words: ['a'], now: 'yes' }, 'now must be "true" or "false"'],
    [{ words: ['a'], nwo: 'true' }, 'nwo is unknown'],
    [JSON.parse('{"words":["a"],"__proto__":{}}'), '__proto__ is unknown'],
    [JSON.parse('{"words":["a"],"constructor":{}}'), 'constructor is unknown'],
  ])('%j: %s', (value, expected) => {
    const violation = validate(body, value);
    expect(violation && `${violation.path} ${violation.problem}`).toBe(expected);
  });

  test('tells what is wrong with the one alternative that the type of a value leaves', () => {
    const either: JsonSchema = { anyOf: [{ const: 'any', type: 'string' }, body] };
    expect(validate(either, { words: ['a'], nwo: '' }, 'x')).toMatchObject({ path: 'x.nwo', problem: 'is unknown' });
    expect(validate(either, 'some', 'x')).toMatchObject({ path: 'x', problem: 'must be "any" or an object' });
    expect(validate(either, 'any')).toBeUndefined();
  });

  test('counts characters as people do, not as UTF-16 does', () => {
    expect(validate({ type: 'string', maxLength: 2 }, '🕳🕳')).toBeUndefined();
    expect(validate({ type: 'string', maxLength: 1 }, '🕳🕳')).toBeDefined();
  });

  test.each(['CreateRequest', 'PingRequest', 'DeleteQuery', 'LogsQuery', 'LogLine', 'Problem', 'Stats'] as const)(
    'agrees with typebox about %s',
    (name) => {
      const schema = shapes[name];
      const near = fc.record(
        Object.fromEntries(
          Object.keys(schema.properties).map((key) => [
            key,
            fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()), fc.object()),
          ]),
        ),
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
          const ours = validate(schema as JsonSchema, value) === undefined;
          expect(ours).toBe(Value.Check(schema, value));
        }),
        { numRuns: 300 },
      );
    },
  );
});
