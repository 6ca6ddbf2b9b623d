import { expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { type AbroadOptions, abroadOf } from './abroad.ts';

test('the carrier is started again after a key file that could not be used', async () => {
  let asked = 0;
  const options: Partial<AbroadOptions> = {
    addresses: [],
    own: { role: 'daemon', instance: '1'.repeat(16), host: 'a'.repeat(16), name: 'a', version: '1.0.0' },
    keys: () => {
      asked += 1;
      throw new WormholeError('WH_ERR_KEY_FILE', 'it is readable by others');
    },
  };
  await using abroad = abroadOf(options as AbroadOptions);
  for (const count of [1, 2]) {
    await expect(abroad.carrier()).rejects.toMatchObject({ code: 'WH_ERR_KEY_FILE' });
    expect(asked).toBe(count);
  }
});
