import { describe, expect, test } from 'vitest';
import { type Rival, rivalToDrain } from './rivals.ts';

interface Wire {
  readonly name: string;
  /** Which end dialed it. */
  readonly by: 'a' | 'b';
}

const instances = { a: { instance: '1'.repeat(16) }, b: { instance: '2'.repeat(16) } };

/** What an end drains that hears of two links in that order. */
function drained(end: 'a' | 'b', order: readonly [Wire, Wire]): string | undefined {
  const [older, newer] = order.map((wire, number) => ({ ...wire, number, dialed: wire.by === end }));
  const [own, peers] = end === 'a' ? [instances.a, instances.b] : [instances.b, instances.a];
  return rivalToDrain(own, peers, older as Rival & Wire, newer as Rival & Wire)?.name;
}

describe('two links between the same two processes', () => {
  test('one stays, in whichever order the ends hear of them', () => {
    for (const first of ['a', 'b'] as const)
      for (const second of ['a', 'b'] as const)
        for (const atA of [false, true])
          for (const atB of [false, true]) {
            const wires: [Wire, Wire] = [
              { name: 'first', by: first },
              { name: 'second', by: second },
            ];
            const turned = wires.toReversed() as [Wire, Wire];
            const gone = new Set([drained('a', atA ? turned : wires), drained('b', atB ? turned : wires)]);
            gone.delete(undefined);
            expect([...gone], `${first} ${second} ${atA} ${atB}`).toHaveLength(1);
          }
  });

  test('of two that both dialed, that of the lower instance stays', () => {
    expect(
      drained('a', [
        { name: 'theirs', by: 'b' },
        { name: 'ours', by: 'a' },
      ]),
    ).toBe('theirs');
    expect(
      drained('b', [
        { name: 'ours', by: 'b' },
        { name: 'theirs', by: 'a' },
      ]),
    ).toBe('ours');
  });
});
