/** What is checked in is what the schemas say. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { emitted } from '../../../scripts/emit-schemas.ts';

const root = new URL('../../../', import.meta.url).pathname;

test.each([...emitted(root)])('%s is up to date (see scripts/emit-schemas.ts)', (path, text) => {
  expect(readFileSync(root + path, 'utf8')).toBe(text);
});
