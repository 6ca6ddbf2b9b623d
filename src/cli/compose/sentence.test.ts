import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translated, useFolder } from '../../../test/support/compose-world.ts';
import { recipeOf } from '../../spec/recipe/recipe.ts';
import { splitWords } from '../../spec/shell.ts';
import { parse, plan, quote } from '../../spec/spec.ts';
import type { Sentence } from './sentence.ts';

useFolder();

describe('every line', () => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  const port = fc.integer({ min: 1, max: 65_535 });
  const service = fc.record(
    {
      image: fc.constantFrom('redis', 'acme/web:1.2', 'localhost:5000/x@sha256:'.concat('a'.repeat(64))),
      ports: fc.uniqueArray(
        fc
          .tuple(port, port, fc.constantFrom('', '/udp'))
          .map(([host, inside, protocol]) => `${host}:${inside}${protocol}`),
        { maxLength: 3 },
      ),
      expose: fc.uniqueArray(port, { maxLength: 2 }),
      environment: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,6}$/), word),
      command: fc.array(word, { maxLength: 3 }),
      labels: fc.dictionary(fc.stringMatching(/^[a-z.]{1,6}$/), word),
      depends_on: fc.subarray(['a', 'b', 'c', 'd']),
      hostname: fc.constantFrom('h', 'h.example'),
      init: fc.boolean(),
    },
    { requiredKeys: ['image'] },
  );

  test('is one that the language has, and survives a shell', async () => {
    let read = 0;
    const files = fc.record({ a: service, b: service, c: service, d: service });
    await fc.assert(
      fc.asyncProperty(files, async (services) => {
        // JSON is YAML; a dollar sign of a value is two in a compose file.
        const text = JSON.stringify({ services }).replaceAll('$', '$$$$');
        let sentences: readonly Sentence[];
        try {
          ({ sentences } = await translated(text));
        } catch (error) {
          // Ports that clash, values that Docker would not take either: said, and not created.
          expect(error).toMatchObject({ code: 'WH_ERR_COMPOSE' });
          return;
        }
        read += 1;
        for (const { words } of sentences) {
          const { segment } = plan(parse(words));
          const [run] = segment.tail.targets.flatMap((target) => target.run ?? []);
          if (run !== undefined) expect(recipeOf(run.words).name).toMatch(/^shop-[abcd]-1$/);
          if (!/\$'/.test(quote(words))) expect(splitWords(quote(words))).toEqual(words);
        }
      }),
      { numRuns: 150 },
    );
    expect(read).toBeGreaterThan(30);
  });
});
