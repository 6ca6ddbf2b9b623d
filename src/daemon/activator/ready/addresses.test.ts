import { describe, expect, test } from 'vitest';
import { placeOf, targetIn } from '../../../../test/support/probe-world.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { Addresses } from './addresses.ts';

const { signal } = new AbortController();
const note = (): void => undefined;

describe('the addresses that a probe dials', () => {
  test('A17 are judged each time, with the port that is probed', async () => {
    const asked: unknown[] = [];
    const target = targetIn(placeOf(undefined), {
      host: 'db',
      permit: ({ host, port }) => {
        asked.push([host, port]);
        if (host === '169.254.169.254') throw new WormholeError('WH_ERR_POLICY', 'no');
      },
    });
    let answer = '10.0.0.7';
    const addresses = new Addresses(target, () => Promise.resolve({ addresses: [answer], validForMs: 0 }));
    expect(await addresses.now(80, note, signal)).toEqual(['10.0.0.7']);
    answer = '169.254.169.254';
    await expect(addresses.now(9999, note, signal)).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(asked).toEqual([
      ['10.0.0.7', 80],
      ['169.254.169.254', 9999],
    ]);
  });
});
