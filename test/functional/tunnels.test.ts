/**
 * Tunnels between two hosts, by each way that this kernel has; those that an ordinary one has not are in `test/kernel`.
 *
 *     a ── router ── b      overlay addresses out of 100.64.0.0/14
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Tunnel, TunnelList } from '../../src/spec/api.ts';
import { command } from '../support/command.ts';
import { patiently } from '../support/patience.ts';
import { dropped, makeTunnel, pings, statesOf, tracesOf, tunnelDaemons, tunnelsOf } from '../support/tunnel-daemons.ts';
import { placesOf, tunnelKeys } from '../support/tunnel-secrets.ts';
import { sentence } from '../support/tunnel-sentence.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const pair = /^100\.6[4-7]\.\d+\.\d+ 100\.6[4-7]\.\d+\.\d+\n$/;
const types = await tunnelTypes();
for (const { name, lacks } of types) if (lacks !== undefined) console.log(`tunnels by ${name} are left out: ${lacks}`);
const there = types.filter(({ lacks }) => lacks === undefined);
const talkative = { flags: ['--log-level', 'trace'] };
const all = tunnelDaemons({ a: talkative, b: talkative }, 'v4');

describe.skipIf(there.length === 0)('tunnels', () => {
  test('have a way to be carried here', () => expect(there.length).toBeGreaterThan(0));
});

describe.each(types.filter(({ lacks }) => lacks !== undefined))('a tunnel by $name', ({ flags, lacks }) => {
  test('is refused by what the kernel has not got, with what to do instead', async () => {
    const made = await all().a.daemon.wormhole('tunnel-create', ...flags, 'b');
    expect(made).toMatchObject({ code: 69, stderr: expect.stringContaining(lacks ?? '') });
    expect(made.stderr).toContain('--type wireguard');
  });
});

describe.each(there)('a tunnel by $name', ({ flags, request, shown, word }) => {
  test('WF6 WF7 WF8 XT11 F23 F24 is made from either end, carries packets both ways, and is removed', async () => {
    const { a, b } = all();
    const made = await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(pair) });
    const [local = '', remote = ''] = made.stdout.trim().split(' ');
    const back = await b.daemon.wormhole('tunnel-create', ...flags, 'a');
    expect(back.stdout).toBe(`${remote} ${local}\n`);
    expect(await makeTunnel(a, { peer: 'b', ...request })).toMatchObject({ local, remote });
    expect([await pings(a, remote), await pings(b, local)]).toEqual([true, true]);
    if (shown.type === 'ipsec') {
      for (const host of [a, b]) {
        const { stdout: states } = await host.run(['ip', 'xfrm', 'state']);
        const { stdout: policies } = await host.run(['ip', 'xfrm', 'policy']);
        expect([states.match(/^src /gm)?.length, states.match(/encap type espinudp/g)?.length ?? 0]).toEqual([
          2,
          shown.udp === true ? 2 : 0,
        ]);
        expect(policies.match(/\bdir \w+/g)?.sort()).toEqual(['dir fwd', 'dir in', 'dir out']);
      }
    }
    const tunnels = await tunnelsOf(a);
    expect(tunnels).toEqual([
      expect.objectContaining<Partial<Tunnel>>({ ...shown, peer: 'b', local, remote, state: 'complete' }),
    ]);
    expect(tunnels[0]?.bytesOut).toBeGreaterThan(0);
    const pong = await a.daemon.wormhole('ping', '--tunnel', 'b');
    expect(pong).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d{6}\n$/) });
    expect(pong.stderr).toMatch(/packets of up to 1[34]\d\d bytes/);
    expect((await a.daemon.ask('/v1/tunnels/gc', { method: 'POST' })).body).toEqual({ removed: [] });
    expect(await pings(a, remote)).toBe(true);
    const removed = await a.daemon.wormhole('tunnel-delete', 'b');
    expect(removed).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('removed at both ends') });
    for (const host of [a, b]) {
      expect(await host.daemon.get<TunnelList>('/v1/tunnels')).toEqual({ tunnels: [] });
      expect(await tracesOf(host)).toBe('');
    }
  });

  test('A13 lets nobody outside reach its addresses, and counts who tries', async () => {
    const { a, router } = all();
    const { local } = await makeTunnel(a, { peer: 'b', ...request });
    const before = await dropped(a);
    router.ip('route', 'add', `${local}/32`, 'via', a.site.v4);
    try {
      const words = [`--net=${router.path}`, 'ping', '-c', '2', '-i', '0.2', '-W', '1', local];
      await expect(command('nsenter', words)).rejects.toThrow('exit 1');
      expect((await dropped(a)) - before).toBe(2);
    } finally {
      router.ip('route', 'delete', `${local}/32`);
    }
  });

  test('W15 WF13 WF14 in a sentence it leads to the peer, and its keys are told to nobody', async () => {
    const world = all();
    const { a, b } = world;
    await makeTunnel(a, { peer: 'b', ...request });
    await sentence(world, (port) => `url :0 ${word} b tail url :${port}`);
    // To be asked about.
    await a.daemon.create(`url :0 ${word} b tail url :1`);
    const keys = [...(await tunnelKeys(a)), ...(await tunnelKeys(b))];
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(await placesOf(keys, [a, b])).toEqual([]);
    const list = await a.daemon.ask('/v1/tunnels');
    for (const text of [list.text, a.daemon.log, b.daemon.log]) {
      expect(text).not.toMatch(/"(?:key|privateKey|presharedKey|salt)"/);
    }
  });
});

describe.each(there)('the life of a tunnel by $name', ({ flags, request, word }) => {
  test('in a sentence it is made by the first connection', () =>
    sentence(all(), (port) => `url :0 trigger ${word} b trigger url :${port}`));

  test('XT13 F27 F28 outlives its daemons, also killed ones, and is taken up again', async () => {
    const { a, b } = all();
    const { local, remote } = await makeTunnel(a, { peer: 'b', ...request });
    await a.daemon.stop('SIGKILL');
    expect(await pings(a, remote)).toBe(true);
    await a.up();
    expect((await tunnelsOf(a)).map(({ state, reason }) => [state, reason])).toEqual([['complete', '']]);
    const again = await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    expect(again).toMatchObject({ code: 0, stdout: `${local} ${remote}\n` });
    expect(await a.daemon.wormhole('tunnel-delete', 'b')).toMatchObject({ code: 0 });
    expect(await tunnelsOf(b)).toEqual([]);
  });

  test('F27 is made again when what had its keys ended while the daemon was away', async () => {
    const { a, b } = all();
    const { id, local, remote } = await makeTunnel(a, { peer: 'b', ...request });
    await a.daemon.stop('SIGKILL');
    const script = `ip -o link | sed -n 's/^[0-9]*: \\(wh[^:@]*\\).*/\\1/p' | xargs -r ip link delete; ip xfrm state flush; ip xfrm policy flush`;
    await a.run(['sh', '-c', script]);
    await a.up();
    const now = async (): Promise<unknown> => [
      await statesOf(a),
      await statesOf(b),
      (await tunnelsOf(a))[0]?.id !== id,
    ];
    await expect.poll(now, patiently).toEqual([['complete'], ['complete'], true]);
    expect(await tunnelsOf(a)).toMatchObject([{ local, remote }]);
    expect(await pings(a, remote)).toBe(true);
  });

  test('W13 XT12 this end goes also when the peer is gone, whose own is stale then, and swept up', async () => {
    const { a, b } = all();
    await makeTunnel(a, { peer: 'b', ...request });
    await b.daemon.stop('SIGKILL');
    const removed = await a.daemon.wormhole('tunnel-delete', 'b');
    expect(removed).toMatchObject({ code: 0, stderr: expect.stringContaining('removed here; b: ') });
    await b.up();
    expect(await a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
    await expect.poll(() => statesOf(b), patiently).toEqual(['stale']);
    expect((await b.daemon.wormhole('tunnel-gc')).stdout).toContain('tunnel to a');
    expect(await statesOf(b)).toEqual([]);
  });

  test('F33 what nobody remembers of one is removed on request', async () => {
    const { a } = all();
    await makeTunnel(a, { peer: 'b', ...request });
    await a.daemon.stop('SIGKILL');
    rmSync(join(a.belongings.folder, 'state', 'tunnels.json'));
    await a.up();
    await a.run(['ip', 'address', 'add', '100.64.0.99/32', 'dev', 'lo']);
    const swept = await a.daemon.wormhole('tunnel-gc');
    expect(swept.stdout).toContain('100.64.0.99');
    expect(await tracesOf(a)).toBe('');
    expect((await a.daemon.wormhole('tunnel-gc')).stdout).toBe('');
    expect(await a.daemon.wormhole('tunnel-delete', 'b')).toMatchObject({ code: 68 });
  });
});
