import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candidate, choose } from './choose.ts';

const id = (start: string): string => start.padEnd(64, '0');
const db: Candidate = { id: id('3f9c2d5e1b7a'), name: 'db' };
const web: Candidate = { id: id('3f9c2d5e1b7b'), name: 'web' };
const missing = { code: 'WH_ERR_CONTAINER_NOT_FOUND' };
const ambiguous = { code: 'WH_ERR_CONTAINER_AMBIGUOUS' };

function failure(reference: string, candidates: readonly Candidate[]): unknown {
  try {
    return choose(reference, candidates);
  } catch (error) {
    return error;
  }
}

describe('choose', () => {
  test('takes an exact name, a full id, or the only id that begins so', () => {
    expect(choose('db', [db, web])).toBe(db);
    expect(choose(web.id, [db, web])).toBe(web);
    expect(choose('3f9c2d5e1b7b', [db, web])).toBe(web);
  });

  test('A32: never takes the beginning of a name', () => {
    expect(failure('d', [{ id: id('1'), name: 'db' }])).toMatchObject(missing);
    expect(failure('', [db, { id: id('2'), name: '' }])).toMatchObject(missing);
  });

  test('lists the candidates of an ambiguous prefix, and what to do', () => {
    expect(failure('3f9c', [db, web])).toMatchObject({
      ...ambiguous,
      message: '"3f9c" may be db (3f9c2d5e1b7a0000), web (3f9c2d5e1b7b0000); give the full id',
    });
    const many = Array.from({ length: 9 }, (_, i) => ({ id: id(`a${i}`), name: `n${i}` }));
    expect((failure('a', many) as Error).message).toContain('4 more');
  });

  test('A32: a short name wins over ids that happen to begin so', () => {
    const cafe = { id: id('9'), name: '3f9c' };
    expect(choose('3f9c', [db, web, cafe])).toBe(cafe);
  });

  test("A32: a name that imitates another container's printed id is refused", () => {
    const impostor = { id: id('9'), name: '3f9c2d5e1b7a' };
    expect(failure('3f9c2d5e1b7a', [db, impostor])).toMatchObject(ambiguous);
    expect(choose('3f9c2d5e1b7a', [impostor])).toBe(impostor);
  });

  test('A32: a full id names its container, whatever another is called', () => {
    const impostor = { id: id('9'), name: db.id };
    expect(choose(db.id, [impostor, db])).toBe(db);
  });

  test('a container named like its own id is not ambiguous', () => {
    const own = { id: id('3f9c2d5e1b7a'), name: '3f9c2d5e1b7a' };
    expect(choose('3f9c2d5e1b7a', [own])).toBe(own);
  });

  test('does not depend on the order of the candidates', () => {
    const candidate = fc.record({ id: fc.stringMatching(/^[0-3]{64}$/), name: fc.stringMatching(/^[0-3]{1,13}$/) });
    const some = fc.uniqueArray(candidate, { maxLength: 6, selector: (one) => one.id });
    fc.assert(
      fc.property(some, fc.stringMatching(/^[0-3]{1,13}$/), (candidates, reference) => {
        const unique = candidates.filter((one, i) => candidates.findIndex(({ name }) => name === one.name) === i);
        const summary = (result: unknown): unknown => (result instanceof Error ? 'refused' : result);
        expect(summary(failure(reference, [...unique].reverse()))).toEqual(summary(failure(reference, unique)));
      }),
    );
  });
});
