/** A wormhole across hosts in a table. */
import { describe, expect, test } from 'vitest';
import { aWormhole } from '../../test/support/cli-run.ts';
import type { Segment, Stats } from '../spec/api.ts';
import { hopTable, ownDialMs } from './hops.ts';

const sink = { write: () => undefined };

function segment(where: Partial<Segment>, stats: Partial<Stats> = {}): Segment {
  const unused = { url: '', targets: [], containers: [], coldStarts: [] };
  return { ...unused, state: 'up', reason: '', ...where, stats: aWormhole({}, stats).stats };
}

describe('hops', () => {
  const a = segment({}, { dialP50Ms: 30 });
  const b = segment({ peer: 'b', rttMs: 20 }, { dialP50Ms: 9 });
  const c = segment({ peer: 'b > c', rttMs: 5 }, { dialP50Ms: 3 });

  test('have a row each, and of the time of a dial what was lost there', () => {
    const rows = hopTable([a, b, c], sink).split('\n');
    expect(rows[0]).toMatch(/^HOP +STATE +RTT +OPEN +TOTAL +FAILED +IN +OUT +DIAL-P50 +OF-IT-HERE$/);
    expect(rows[1]).toMatch(/^here +up +- .* 30\.0ms +21\.0ms$/);
    expect(rows[2]).toMatch(/^b +up +20\.0ms .* 9\.0ms +6\.0ms$/);
    expect(rows[3]).toMatch(/^b > c +up +5\.0ms .* 3\.0ms +3\.0ms$/);
  });

  test('that are troubled say why, in their words', () => {
    const away = segment({ peer: 'b', rttMs: null, state: 'failed', reason: 'peer b: image shop not found' });
    expect(hopTable([a, away], sink)).toContain('\n  peer b: image shop not found\n');
  });

  test('of a wormhole that is all here are no table', () => {
    expect(hopTable([a, segment({})], sink)).toBe('');
  });

  test('what hangs on a hop without being on the way takes nothing off it', () => {
    expect(ownDialMs(b, segment({ peer: 'b', rttMs: 20 }, { dialP50Ms: 4 }))).toBe(9);
    expect(ownDialMs(a, segment({ peer: 'b' }, { dialP50Ms: null }))).toBeNull();
    // Medians of different connections.
    expect(ownDialMs(c, segment({ peer: 'b > c > d' }, { dialP50Ms: 8 }))).toBe(0);
  });
});
