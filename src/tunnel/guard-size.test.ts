import { describe, expect, test } from 'vitest';
import { guardLacks, guardWorld, nft } from '../../test/support/guard-world.ts';
import { batchBegin, batchEnd } from '../sys/netlink/nftables.ts';
import { addKeys, guardSets, keysOf, tableRequests } from './guard-table.ts';

const missing = guardLacks();
const pair = { local: '100.65.255.2', remote: '100.65.255.3' };
const ipsec = { by: 'ipsec' } as const;
const wh0 = { by: 'interface', name: 'wh0' } as const;

const pairs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    local: `100.65.${i >> 8}.${i & 255}`,
    remote: `100.66.${i >> 8}.${i & 255}`,
  }));

describe.skipIf(missing !== undefined)('the guard of many overlay addresses', () => {
  test('puts together what it kept of thousands of tunnels, which is more than a socket sends at once by itself', async () => {
    using made = guardWorld();
    const hosts = pairs(4_000);
    const keys = hosts.flatMap((host) => keysOf(host, wh0));
    const kept = guardSets.flatMap((set) =>
      addKeys(
        set,
        keys.flatMap(([of, key]) => (of === set ? [key] : [])),
      ),
    );
    await made.stack.netfilter.batch(batchBegin(), [...tableRequests(), ...kept], batchEnd());
    nft(made.room, 'flush', 'chain', 'ip', 'wormhole', 'came');
    await made.guard.add(pair, ipsec);
    expect([(await made.guard.list()).length, await made.guard.has(hosts.at(-1) ?? pair, wh0)]).toEqual([4_001, true]);
  });
});
