/**
 * What becomes of tunnels: reboots, daemons that are killed in the middle of making one, NAT between the hosts.
 *
 *     a ──┐
 *         ├── router ── b
 *     c ──┘
 *     (c behind NAT)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Host } from '../support/host.ts';
import { endProcessesIn } from '../support/netns-processes.ts';
import { patience, patiently } from '../support/patience.ts';
import { makeTunnel, pings, statesOf, tracesOf, tunnelDaemons, tunnelsOf } from '../support/tunnel-daemons.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';
import { kindOf, Wire } from '../support/wire.ts';

/** In the virtual machine, what needs many starts of programs is left to the ordinary kernel. */
const most = patience === 1;
const types = (await tunnelTypes()).filter(({ lacks }) => lacks === undefined);
const all = tunnelDaemons({ a: {}, b: {}, c: { nat: true } });

/** Milliseconds after which a daemon is killed that makes a tunnel. */
const moments = [20, 60, 140];

/** Neither programs nor anything of the kernel survive a reboot. */
async function reboot(host: Host): Promise<void> {
  await host.daemon.stop('SIGKILL');
  await endProcessesIn(host.netns);
  const { stdout } = await host.run(['ip', '-json', 'link']);
  for (const { ifname } of JSON.parse(stdout) as ReadonlyArray<{ ifname: string }>) {
    if (ifname.startsWith('wh')) await host.run(['ip', 'link', 'delete', ifname]);
  }
  await host.run(['ip', 'address', 'flush', 'dev', 'lo', 'to', '100.64.0.0/14']);
  for (const what of ['state', 'policy']) await host.run(['ip', 'xfrm', what, 'flush']);
  await host.run(['nft', 'flush', 'ruleset']);
}

describe.each(types)('a tunnel by $name', ({ kind, request }) => {
  test.each(most ? (['a', 'b'] as const) : (['b'] as const))(
    'is made again when %s comes up after a reboot, with the same addresses',
    async (which) => {
      const { a, b } = all();
      const before = await makeTunnel(a, { peer: 'b', ...request });
      await reboot(all()[which]);
      await all()[which].up();
      const now = async (): Promise<unknown> => [
        await statesOf(a),
        await statesOf(b),
        (await tunnelsOf(a))[0]?.id === (await tunnelsOf(b))[0]?.id,
      ];
      await expect.poll(now, patiently).toEqual([['complete'], ['complete'], true]);
      const [after] = await tunnelsOf(a);
      expect([after?.local, after?.remote]).toEqual([before.local, before.remote]);
      expect(await pings(a, before.remote)).toBe(true);
    },
  );

  test('shows the network nothing but its own kind of packets', async () => {
    const { a, b } = all();
    const { local, remote } = await makeTunnel(a, { peer: 'b', ...request });
    await using fromA = await Wire.watch(a.netns, 'eth0');
    await using fromB = await Wire.watch(b.netns, 'eth0');
    expect([await pings(a, remote), await pings(b, local)]).toEqual([true, true]);
    for (const wire of [fromA, fromB]) {
      const packets = (await wire.packets()).filter((packet) => !isOfLink(packet));
      const kinds = packets.map(kindOf).filter((one) => one !== 'keepalive');
      expect([...new Set(kinds)]).toEqual([kind]);
      // Between addresses of IPv6, which is how they know each other.
      expect(new Set(packets.map(([first = 0]) => first >> 4))).toEqual(new Set([6]));
    }
  });
});

describe.each(types.filter(({ name }) => most && name !== 'ipsec'))('a tunnel by $name', ({ request }) => {
  test('passes NAT, whoever asks for it', async () => {
    const { a, c } = all();
    const { local, remote } = await makeTunnel(c, { peer: 'a', ...request });
    expect([await pings(c, remote), await pings(a, local)]).toEqual([true, true]);
    await removeTunnel(c, 'a');
    await c.join('a');
    const back = await makeTunnel(a, { peer: 'c', ...request });
    expect([back.local, back.remote]).toEqual([remote, local]);
    expect([await pings(c, remote), await pings(a, local)]).toEqual([true, true]);
  });
});

describe.each(types.filter(({ name }) => name === 'ipsec'))('a tunnel by $name', ({ flags }) => {
  test('says that NAT is in its way, and what to do', async () => {
    const made = await all().c.daemon.wormhole('tunnel-create', ...flags, 'a');
    expect(made).toMatchObject({ code: 69, stderr: expect.stringContaining('use --udp or --type wireguard') });
  });
});

describe.each(types.filter(() => most))('a tunnel by $name', ({ request }) => {
  test.each(['a', 'b'] as const)(
    'W6 leaves nothing that is not named when the daemon of %s is killed while it is made',
    async (killed) => {
      const { a, b, [killed]: host } = all();
      await a.daemon.wormhole('ping', 'b');
      for (const ms of moments) {
        const making = makeTunnel(a, { peer: 'b', ...request }).catch(() => undefined);
        await sleep(ms);
        await host.daemon.stop('SIGKILL');
        await host.up();
        await making;
        expect(await a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
        // Both have it, or each that has something says that it is not whole.
        await expect
          .poll(async () => `${(await statesOf(a)).join()} ${(await statesOf(b)).join()}`, patiently)
          .toMatch(/^(complete complete|(partial|stale)? (partial|stale)?)$/);
        for (const { daemon } of [a, b]) expect((await daemon.ask('/v1/tunnels/gc', post)).status).toBe(200);
        const { local } = await makeTunnel(a, { peer: 'b', ...request });
        expect(await pings(b, local)).toBe(true);
        await removeTunnel(a, 'b');
        for (const one of [a, b]) expect([await statesOf(one), await tracesOf(one)]).toEqual([[], '']);
      }
    },
  );
});

const post = { method: 'POST' } as const;

async function removeTunnel(host: Host, peer: string): Promise<void> {
  const path = `/v1/tunnels?peer=${encodeURIComponent(peer)}`;
  expect(await host.daemon.ask(path, { method: 'DELETE' })).toMatchObject({
    status: 200,
    body: { removed: [expect.objectContaining({ peer: 'removed' })] },
  });
}

/** What the daemons say to each other: TLS over TCP, and its datagrams. @param packet IPv4 or IPv6 */
function isOfLink(packet: Buffer): boolean {
  const [first = 0] = packet;
  const at = first >> 4 === 4 ? (first & 15) * 4 : 40;
  return [packet.readUInt16BE(at), packet.readUInt16BE(at + 2)].includes(9999);
}
