/**
 * What becomes of tunnels: reboots, daemons that are killed in the middle of making one, NAT between the hosts.
 *
 *     a ──┐
 *         ├── router ── b          (c behind NAT)
 *     c ──┘
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Tunnel, TunnelList } from '../../src/spec/api.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const types = (await tunnelTypes()).filter(({ lacks }) => lacks === undefined);

const tunnelsOf = async (host: Host): Promise<readonly Tunnel[]> =>
  (await host.daemon.get<TunnelList>('/v1/tunnels')).tunnels;
const states = async (host: Host): Promise<readonly string[]> => (await tunnelsOf(host)).map(({ state }) => state);
const pings = async (host: Host, to: string): Promise<boolean> =>
  (await host.run(['ping', '-c', '1', '-W', '10', to])).code === 0;

/** Nothing of the kernel survives a reboot. */
async function reboot(host: Host): Promise<void> {
  await host.daemon.stop('SIGKILL');
  const { stdout } = await host.run(['ip', '-json', 'link']);
  for (const { ifname } of JSON.parse(stdout) as ReadonlyArray<{ ifname: string }>) {
    if (ifname.startsWith('wh')) await host.run(['ip', 'link', 'delete', ifname]);
  }
  await host.run(['ip', 'address', 'flush', 'dev', 'lo', 'to', '100.64.0.0/14']);
  for (const what of ['state', 'policy']) await host.run(['ip', 'xfrm', what, 'flush']);
  await host.run(['nft', 'flush', 'ruleset']);
}

describe.each(types)('a tunnel by $name', ({ name, flags }) => {
  test('is made again when one of its hosts comes up after a reboot, with the same addresses', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    for (const host of [a, b]) {
      const [before] = await tunnelsOf(a);
      await reboot(host);
      await host.up();
      await expect
        .poll(async () => [...(await states(a)), ...(await states(b))], { timeout: 20_000 })
        .toEqual(['complete', 'complete']);
      await expect.poll(async () => (await tunnelsOf(a))[0]?.id === (await tunnelsOf(b))[0]?.id).toBe(true);
      const [after] = await tunnelsOf(a);
      expect([after?.local, after?.remote]).toEqual([before?.local, before?.remote]);
      expect(await pings(a, after?.remote ?? '')).toBe(true);
    }
  });

  test.each(['a', 'b'] as const)(
    'W6 leaves nothing that is not named when the daemon of %s is killed while it is made',
    async (killed) => {
      await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
      const { a, b } = world;
      await a.daemon.wormhole('ping', 'b');
      for (const ms of [30, 60, 100, 150, 250]) {
        const making = a.daemon.wormhole('tunnel-create', ...flags, 'b');
        await sleep(ms);
        await world[killed].daemon.stop('SIGKILL');
        await making;
        await world[killed].up();
        expect(await a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
        // Both have it, or each that has something says that it is not whole.
        await expect
          .poll(
            async () => {
              const [one, other] = [await states(a), await states(b)];
              return `${one.join()} ${other.join()}`;
            },
            { timeout: 20_000 },
          )
          .toMatch(/^(complete complete|(partial|stale)? (partial|stale)?)$/);
        for (const host of [a, b]) expect(await host.daemon.wormhole('tunnel-gc')).toMatchObject({ code: 0 });
        const made = await a.daemon.wormhole('tunnel-create', ...flags, 'b');
        expect(made).toMatchObject({ code: 0 });
        expect(await pings(b, made.stdout.split(' ')[0] ?? '')).toBe(true);
        expect(await a.daemon.wormhole('tunnel-delete', 'b')).toMatchObject({ code: 0 });
        expect([await states(a), await states(b)]).toEqual([[], []]);
        for (const host of [a, b]) {
          expect((await host.run(['ip', '-brief', 'address'])).stdout).not.toMatch(/100\.6[4-7]\.|^wh/m);
        }
      }
    },
  );

  test.skipIf(name === 'ipsec')('passes NAT, whoever asks for it', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, c: { nat: true } } });
    const { a, c } = world;
    const made = await c.daemon.wormhole('tunnel-create', ...flags, 'a');
    expect(made).toMatchObject({ code: 0 });
    const [local = '', remote = ''] = made.stdout.trim().split(' ');
    expect(await pings(c, remote)).toBe(true);
    expect(await pings(a, local)).toBe(true);
    expect(await c.daemon.wormhole('tunnel-delete', 'a')).toMatchObject({ code: 0 });
    await c.join('a');
    const back = await a.daemon.wormhole('tunnel-create', ...flags, 'c');
    expect(back).toMatchObject({ code: 0, stdout: `${remote} ${local}\n` });
    expect(await pings(c, remote)).toBe(true);
    expect(await pings(a, local)).toBe(true);
  });

  test.runIf(name === 'ipsec')('says that NAT is in its way, and what to do', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, c: { nat: true } } });
    const made = await world.c.daemon.wormhole('tunnel-create', ...flags, 'a');
    expect(made).toMatchObject({ code: 69, stderr: expect.stringContaining('use --udp or --type wireguard') });
  });
});
