/**
 * Tunnels between two hosts, by each way that this kernel has; those that it has not are run where it has them.
 *
 *     a ── router ── b      overlay addresses out of 100.64.0.0/14
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Tunnel, TunnelList } from '../../src/spec/api.ts';
import { Hosts } from '../support/hosts.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const pair = /^100\.6[4-7]\.\d+\.\d+ 100\.6[4-7]\.\d+\.\d+\n$/;
const types = await tunnelTypes();
for (const { name, lacks } of types) if (lacks !== undefined) console.log(`tunnels by ${name} are left out: ${lacks}`);
const there = types.filter(({ lacks }) => lacks === undefined);

describe.skipIf(there.length === 0)('tunnels', () => {
  test('have a way to be carried here', () => expect(there.length).toBeGreaterThan(0));
});

describe.each(there)('a tunnel by $name', ({ flags, shown, word }) => {
  test('WF6 WF7 is made from either end, carries packets both ways, and is removed', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    const made = await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(pair) });
    const [local = '', remote = ''] = made.stdout.trim().split(' ');
    expect((await a.daemon.wormhole('tunnel-create', ...flags, 'b')).stdout).toBe(made.stdout);
    expect((await b.daemon.wormhole('tunnel-create', ...flags, 'a')).stdout).toBe(`${remote} ${local}\n`);
    for (const [host, to] of [
      [a, remote],
      [b, local],
    ] as const) {
      expect(await host.run(['ping', '-c', '2', '-i', '0.2', '-W', '5', to])).toMatchObject({ code: 0 });
    }
    const { tunnels } = await a.daemon.get<TunnelList>('/v1/tunnels');
    expect(tunnels).toEqual([
      expect.objectContaining<Partial<Tunnel>>({ ...shown, peer: 'b', local, remote, state: 'complete' }),
    ]);
    expect(tunnels[0]?.bytesOut).toBeGreaterThan(0);
    const pong = await a.daemon.wormhole('ping', '--tunnel', 'b');
    expect(pong).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d{6}\n$/) });
    expect(pong.stderr).toMatch(/packets of up to 1[34]\d\d bytes/);
    expect(await a.daemon.wormhole('tunnel-gc')).toMatchObject({ code: 0, stdout: '' });
    expect(await a.run(['ping', '-c', '1', '-W', '5', remote])).toMatchObject({ code: 0 });
    const removed = await a.daemon.wormhole('tunnel-delete', 'b');
    expect(removed).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('removed at both ends') });
    for (const host of [a, b]) {
      expect(await host.daemon.get<TunnelList>('/v1/tunnels')).toEqual({ tunnels: [] });
      expect((await host.run(['ip', '-brief', 'address'])).stdout).not.toMatch(/100\.6[4-7]\./);
    }
    expect(await a.daemon.wormhole('tunnel-delete', 'b')).toMatchObject({ code: 68 });
  });

  test('W15 its keys are told to nobody', async () => {
    await using world = await Hosts.start({ hosts: { a: { flags: ['--log-level', 'trace'] }, b: {} } });
    const { a, b } = world;
    expect(await a.daemon.wormhole('tunnel-create', ...flags, 'b')).toMatchObject({ code: 0 });
    const list = await a.daemon.wormhole('tunnel-list', '--json');
    for (const text of [list.stdout, a.daemon.log, b.daemon.log]) {
      expect(text).not.toMatch(/"(?:key|privateKey|presharedKey|salt)"/);
      // Neither the base64 of 32 or 36 bytes nor their hexadecimal digits.
      expect(text).not.toMatch(/[A-Za-z0-9+/]{43}=|[0-9a-f]{64}/);
    }
  });

  test('XT13 outlives its daemons, also killed ones, and is taken up again', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    const made = await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    const [, remote = ''] = made.stdout.trim().split(' ');
    await a.daemon.stop('SIGKILL');
    expect(await a.run(['ping', '-c', '1', '-W', '5', remote])).toMatchObject({ code: 0 });
    await a.up();
    const { tunnels } = await a.daemon.get<TunnelList>('/v1/tunnels');
    expect(tunnels.map(({ state, reason }) => [state, reason])).toEqual([['complete', '']]);
    expect((await a.daemon.wormhole('tunnel-create', ...flags, 'b')).stdout).toBe(made.stdout);
    expect(await a.daemon.wormhole('tunnel-delete', 'b')).toMatchObject({ code: 0 });
    expect(await b.daemon.get<TunnelList>('/v1/tunnels')).toEqual({ tunnels: [] });
  });

  test('W13 this end goes also when the peer is gone, whose own is stale then, and swept up', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    await b.daemon.stop('SIGKILL');
    const removed = await a.daemon.wormhole('tunnel-delete', 'b');
    expect(removed).toMatchObject({ code: 0, stderr: expect.stringContaining('removed here; b: ') });
    await b.up();
    expect(await a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
    const states = async (): Promise<unknown> =>
      (await b.daemon.get<TunnelList>('/v1/tunnels')).tunnels.map(({ state }) => state);
    await expect.poll(states, { timeout: 20_000 }).toEqual(['stale']);
    expect((await b.daemon.wormhole('tunnel-gc')).stdout).toContain('tunnel to a');
    expect(await states()).toEqual([]);
  });

  test.each(['tail', 'trigger'])(
    'WF13 WF14 in a sentence it leads to the peer, made at create or by the first connection: %s',
    async (when) => {
      await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
      const { a, b } = world;
      if (when === 'tail') expect(await a.daemon.wormhole('tunnel-create', ...flags, 'b')).toMatchObject({ code: 0 });
      const seen: unknown[] = [];
      await using service = await b.serve((socket) => {
        seen.push(socket.remoteAddress);
        socket.pipe(socket);
      });
      const first = when === 'tail' ? '' : 'trigger ';
      const made = await a.daemon.create(`url :0 ${first}${word} b ${when} url :${service.port}`);
      if (when === 'trigger') expect(await a.daemon.get<TunnelList>('/v1/tunnels')).toEqual({ tunnels: [] });
      await using client = await a.connect(made.port);
      await client.send('through the tunnel');
      expect(await client.text(18)).toBe('through the tunnel');
      expect(seen).toEqual(['127.0.0.1']);
      const { tunnels } = await a.daemon.get<TunnelList>('/v1/tunnels');
      const guests = (await b.daemon.get<{ wormholes: Array<{ url: string }> }>('/v1/wormholes')).wormholes;
      expect(guests.map(({ url }) => url)).toEqual([expect.stringContaining(`//${tunnels[0]?.remote}:`)]);
      // Nobody else gets there.
      const port = Number(guests[0]?.url.split(':').at(-1));
      await expect(b.connect({ host: b.site.v4, port })).rejects.toThrow();
      expect(await a.daemon.wormhole('delete', '--now', made.id)).toMatchObject({ code: 0 });
      await expect.poll(() => b.daemon.get('/v1/wormholes')).toEqual({ wormholes: [] });
    },
  );

  test('F33 what nobody remembers of one is removed on request', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a } = world;
    await a.daemon.wormhole('tunnel-create', ...flags, 'b');
    await a.daemon.stop('SIGKILL');
    rmSync(join(a.belongings.folder, 'state', 'tunnels.json'));
    await a.up();
    await a.run(['ip', 'address', 'add', '100.64.0.99/32', 'dev', 'lo']);
    const swept = await a.daemon.wormhole('tunnel-gc');
    expect(swept.stdout).toContain('100.64.0.99');
    expect((await a.run(['ip', '-brief', 'address'])).stdout).not.toMatch(/100\.6[4-7]\.|^wh/m);
    expect((await a.daemon.wormhole('tunnel-gc')).stdout).toBe('');
  });
});
