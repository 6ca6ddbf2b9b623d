/** The gate's arithmetic. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gate, type Place, sourceOf } from './gate.ts';
import { defaultLimits } from './limits.ts';

const limits = { ...defaultLimits, handshakes: 3, handshakesPerSource: 2, connections: 4 };

function enter(gate: Gate, host: string): Place {
  const place = gate.enter(host);
  if (typeof place === 'string') throw new Error(place);
  return place;
}

describe('Gate', () => {
  test('A23 counts handshakes per source, in all, and connections', () => {
    const gate = new Gate(limits);
    const first = enter(gate, '10.0.0.1');
    enter(gate, '::ffff:10.0.0.1');
    expect(gate.enter('10.0.0.1')).toBe('too-many-handshakes-from-source');
    enter(gate, '10.0.0.2');
    expect(gate.enter('10.0.0.3')).toBe('too-many-handshakes');
    first.settled();
    enter(gate, '10.0.0.3');
    expect(gate.enter('10.0.0.4')).toBe('too-many-connections');
    first.left();
    first.left();
    expect(gate.inside).toEqual({ connections: 3, handshakes: 3 });
  });

  test('whatever comes and goes, an empty gate counts nobody and lets everybody in again', () => {
    const visits = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('settled', 'left', 'both')), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(visits, (steps) => {
        const gate = new Gate(limits);
        const inside: Place[] = [];
        for (const [host, how] of steps) {
          const place = gate.enter(host);
          if (typeof place === 'string') continue;
          inside.push(place);
          if (how !== 'left') place.settled();
          if (how !== 'settled') place.left();
        }
        for (const place of inside) place.left();
        expect(gate.inside).toEqual({ connections: 0, handshakes: 0 });
        expect(typeof gate.enter('a')).toBe('object');
      }),
    );
  });
});

describe('sourceOf', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::3:4:5:6', '2001:db8:0:0::/64'],
  ])('%s counts as %s', (host, source) => {
    expect(sourceOf(host)).toBe(source);
  });
});
