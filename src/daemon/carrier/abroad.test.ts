import { type AddressInfo, createServer } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { compile } from '../../../test/support/relay-worker.ts';
import { plainRoute } from '../../../test/support/route-options.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Secret } from '../../lib/secret.ts';
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

test('the carrier is started again after a port that was taken, and serves routes then', async () => {
  // Its thread runs what was compiled, and is beside what starts it.
  using compiled = compile('daemon/carrier/abroad.ts', 'daemon/carrier/start.ts', 'daemon/carrier/worker.ts');
  const { abroadOf: built } = (await import(
    compiled.url('daemon/carrier/abroad.ts').href
  )) as typeof import('./abroad.ts');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const options: Partial<AbroadOptions> = {
    addresses: [{ host: '127.0.0.1', port }],
    own: { role: 'daemon', instance: '1'.repeat(16), host: 'a'.repeat(16), name: 'a', version: '1.0.0' },
    keys: () => new Map([['wormhole', new Secret(Buffer.alloc(32, 1))]]),
    names: [],
    quic: [],
    log: pino({ level: 'silent' }),
    onFailure: (error) => expect.unreachable(error.message),
  };
  await using abroad = built(options as AbroadOptions);
  for (const _ of [1, 2]) await expect(abroad.carrier()).rejects.toMatchObject({ code: 'WH_ERR_LISTEN' });
  await new Promise((resolve) => other.close(resolve));
  expect((await abroad.carrier()).addresses).toEqual([{ host: '127.0.0.1', port }]);
  const route = await abroad.plane.open(plainRoute);
  // Answered by the thread.
  await route.close(0);
});
