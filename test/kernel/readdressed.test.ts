/**
 * What becomes of tunnels of IPsec, in whose keys the addresses of the hosts are, when one of them comes to have another.
 *
 *     a ── router ── b
 */
import { describe, expect, test } from 'vitest';
import { readdress } from '../support/host-address.ts';
import { patiently } from '../support/patience.ts';
import { makeTunnel, pings, statesOf, tunnelDaemons, tunnelsOf } from '../support/tunnel-daemons.ts';
import { kernelLacks } from '../support/vm/kernel.ts';

describe.skipIf(kernelLacks('esp', 'nf_tables'))('a tunnel of IPsec', () => {
  const all = tunnelDaemons({ a: {}, b: {} }, 'v4');

  test.each([
    ['a', {}],
    ['b', { udp: true }],
  ] as const)('is made again when %s has another address, %j', async (which, how) => {
    const { a, b, [which]: host } = all();
    const before = await makeTunnel(a, { peer: 'b', type: 'ipsec', ...how });
    expect(await pings(a, before.remote)).toBe(true);
    const address = await readdress(host);
    if (which === 'b') a.knows('b', address);
    const now = async (): Promise<unknown> => [
      ...(await statesOf(a)),
      ...(await statesOf(b)),
      (await tunnelsOf(a))[0]?.id !== before.id,
      await pings(a, before.remote, 2),
    ];
    await expect.poll(now, patiently).toEqual(['complete', 'complete', true, true]);
    const [one, other] = [(await tunnelsOf(a))[0], (await tunnelsOf(b))[0]];
    expect([one?.local, one?.remote]).toEqual([before.local, before.remote]);
    expect(which === 'a' ? [one?.outerLocal, other?.outerRemote] : [other?.outerLocal, one?.outerRemote]).toEqual([
      address,
      address,
    ]);
  });
});
