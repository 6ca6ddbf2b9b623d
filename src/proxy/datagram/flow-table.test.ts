import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Flow } from './flow.ts';
import type { FlowKey } from './flow-key.ts';
import { FlowTable } from './flow-table.ts';

const NOTHING = Buffer.alloc(0);
const flow = (key: FlowKey, now = 0): Flow => new Flow({ answers() {} }, key, NOTHING, NOTHING, now);

/** Keys from the one to drop first to the newest, walked both ways. */
function order(table: FlowTable): FlowKey[] {
  const keys: FlowKey[] = [];
  let last: Flow | undefined;
  for (let at = table.oldest; at !== undefined; at = at.newer) {
    expect(at.older).toBe(last);
    keys.push(at.key);
    last = at;
  }
  return keys;
}

describe('the table of flows', () => {
  test('finds a flow by its key, be it a number or a string', () => {
    const table = new FlowTable();
    const [number, text] = [flow(1), flow('1')];
    table.add(number);
    table.add(text);
    expect(table.get(1)).toBe(number);
    expect(table.get('1')).toBe(text);
    expect(table.get(2)).toBeUndefined();
    expect(table.size).toBe(2);
  });

  test('is empty when its only flow is removed', () => {
    const table = new FlowTable();
    const only = flow(1);
    table.add(only);
    table.remove(only);
    expect([table.size, table.oldest, table.get(1)]).toEqual([0, undefined, undefined]);
    table.add(only);
    expect(table.oldest).toBe(only);
  });

  test('notes when a flow was used', () => {
    const table = new FlowTable();
    const one = flow(1, 5);
    table.add(one);
    table.touch(one, 9);
    expect([one.startedAt, one.activeAt]).toEqual([5, 9]);
  });

  test('may lose flows while it is walked, as an ending route does', () => {
    const table = new FlowTable();
    for (let key = 0; key < 10; key++) table.add(flow(key));
    for (const one of table.values()) table.remove(one);
    expect([table.size, table.oldest]).toEqual([0, undefined]);
  });

  test('keeps the order of last use, whatever comes, is used and goes', () => {
    const step = fc.record({ do: fc.constantFrom('add', 'touch', 'touch', 'remove', 'evict'), key: fc.nat(7) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new FlowTable();
        let model: FlowKey[] = [];
        steps.forEach(({ do: what, key }, now) => {
          const known = table.get(key);
          if (what === 'add' && known === undefined) {
            table.add(flow(key, now));
            model.push(key);
          } else if (what === 'touch' && known !== undefined) {
            table.touch(known, now);
            model = [...model.filter((other) => other !== key), key];
          } else if (what === 'remove' && known !== undefined) {
            table.remove(known);
            model = model.filter((other) => other !== key);
          } else if (what === 'evict' && table.oldest !== undefined) {
            expect(table.oldest.key).toBe(model[0]);
            table.remove(table.oldest);
            model.shift();
          }
          expect(order(table)).toEqual(model);
          expect(table.size).toBe(model.length);
        });
      }),
    );
  });
});
