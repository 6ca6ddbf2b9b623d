/**
 * Two hosts that share no key have a tunnel by a token: wg-up on one, wg-join on the other.
 *
 *     a (its own key) ── router ── b, c (each its own key)
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PeerList, Tunnel, TunnelList } from '../../src/spec/api.ts';
import { parseToken } from '../../src/spec/invitation.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { wormhole } from '../support/program.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const pair = /^100\.6[4-7]\.\d+\.\d+ 100\.6[4-7]\.\d+\.\d+\n$/;
const lacks = (await tunnelTypes()).find(({ flags }) => flags.includes('wireguard'))?.lacks;
if (lacks !== undefined) console.log(`wg-up and wg-join are left out: ${lacks}`);

const hosts = { a: { key: 'a'.repeat(40) }, b: { key: 'b'.repeat(40) }, c: { key: 'c'.repeat(40) } };

async function tunnelOf(host: Host): Promise<Tunnel | undefined> {
  return (await host.daemon.get<TunnelList>('/v1/tunnels')).tunnels[0];
}

const peersOf = async (host: Host): Promise<readonly string[]> =>
  (await host.daemon.get<PeerList>('/v1/peers')).peers.map(({ name, state }) => `${name} ${state}`);

const joinWith = (host: Host, token: string, ...flags: readonly string[]) =>
  wormhole(['--socket', host.belongings.socket, 'wg-join', ...flags], { stdin: token });

describe.skipIf(lacks !== undefined)('wg-up and wg-join', () => {
  test('F80 F81 F82 two hosts without a common key have a tunnel, and nothing more of each other', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b } = world;
    const up = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
    expect(up).toMatchObject({ code: 0, stdout: expect.stringMatching(/^wormhole1\.[\w-]+\n$/) });
    const made = await joinWith(b, up.stdout);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(pair) });
    const [local = '', remote = ''] = made.stdout.trim().split(' ');
    expect(await b.run(['ping', '-c', '1', '-W', '5', remote])).toMatchObject({ code: 0 });
    expect(await a.run(['ping', '-c', '1', '-W', '5', local])).toMatchObject({ code: 0 });
    const [name = ''] = [(await tunnelOf(b))?.peer];
    for (const words of [
      ['create', 'url', ':0', 'remote', name, 'tail', 'url', ':22'],
      ['create', 'url', ':8080', 'remote', name, 'docker-run', 'wormhole/test'],
    ]) {
      const refused = await b.daemon.wormhole(...words);
      expect(refused).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_POLICY') });
    }
    expect((await b.daemon.wormhole('tunnel-create', '--type', 'wireguard', name)).stdout).toBe(made.stdout);
  });

  test('F84 again is the same, at either end', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b } = world;
    const { stdout: token } = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
    const made = await joinWith(b, token);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(pair) });
    expect(await joinWith(b, token)).toMatchObject({ code: 0, stdout: made.stdout });
    const name = (await tunnelOf(b))?.peer ?? '';
    expect(await b.daemon.wormhole('tunnel-delete', name)).toMatchObject({ code: 0 });
    expect(await joinWith(b, token)).toMatchObject({ code: 0, stdout: made.stdout });
    const [, remote = ''] = made.stdout.trim().split(' ');
    expect(await b.run(['ping', '-c', '1', '-W', '5', remote])).toMatchObject({ code: 0 });
    for (const host of [a, b]) expect((await host.run(['ip', '-brief', 'link'])).stdout.match(/^wh/gm)).toHaveLength(1);
  });

  test('the token is for one host, once, for a while, and its secret is in no log', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b, c } = world;
    const { stdout: token } = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
    expect(await joinWith(b, token)).toMatchObject({ code: 0 });
    const again = await joinWith(c, token);
    expect(again).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_PEER_AUTH') });
    const short = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4, '--expires', '1s');
    const { expires } = parseToken(short.stdout);
    await expect.poll(() => Date.now() > expires * 1000).toBe(true);
    const late = await joinWith(c, short.stdout);
    expect(late).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_PEER_AUTH') });
    expect((await c.daemon.get<TunnelList>('/v1/tunnels')).tunnels).toEqual([]);
    const taken = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
    const { identity } = parseToken(taken.stdout);
    expect((await a.daemon.wormhole('peers')).stdout).toMatch(
      new RegExp(`^${identity} +invited .*\\n +nobody has come`, 'm'),
    );
    expect(await a.daemon.wormhole('wg-up', '--withdraw', identity)).toMatchObject({ code: 0, stdout: '' });
    expect((await a.daemon.wormhole('peers')).stdout).not.toContain(identity);
    const withdrawn = await joinWith(c, taken.stdout);
    expect(withdrawn).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_PEER_AUTH') });
    expect(await a.daemon.wormhole('wg-up', '--withdraw', identity)).toMatchObject({ code: 68 });
    const argument = await b.daemon.wormhole('wg-join', token.trim());
    expect(argument).toMatchObject({ code: 64, stderr: expect.not.stringContaining(token.trim()) });
    const { s: secret } = JSON.parse(Buffer.from(token.trim().slice(10), 'base64url').toString()) as { s: string };
    for (const { daemon } of [a, b, c]) expect(daemon.log).not.toContain(secret);
    expect(statSync(join(a.belongings.stateDir, 'invited.json')).mode & 0o777).toBe(0o600);
  });

  test('F85 XT19 they find each other again after restarts, until one of them leaves', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b } = world;
    const { stdout: token } = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
    await joinWith(b, token);
    const name = (await tunnelOf(b))?.peer ?? '';
    await a.daemon.stop();
    await a.up();
    await b.daemon.stop();
    await b.up();
    expect(await b.daemon.wormhole('tunnel-delete', name)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('removed at both ends'),
    });
    expect(await b.daemon.wormhole('tunnel-create', name)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(pair),
    });
    expect(await b.daemon.wormhole('leave', name)).toMatchObject({ code: 0 });
    for (const host of [a, b]) expect((await host.run(['ip', '-brief', 'link'])).stdout).not.toMatch(/^wh/m);
    expect((await b.daemon.wormhole('tunnel-create', a.site.v4)).code).not.toBe(0);
    expect([await tunnelOf(a), await tunnelOf(b)]).toEqual([undefined, undefined]);
    // Who was left knows the other one until it leaves as well.
    expect([await peersOf(a), await peersOf(b)]).toEqual([['b down'], []]);
    expect(await a.daemon.wormhole('leave', 'b')).toMatchObject({ code: 0 });
    expect(await peersOf(a)).toEqual([]);
  });

  test('F85 a half whose host could not be told that the other one has left stays there until it leaves, too', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b } = world;
    const { stdout: token } = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
    await joinWith(b, token);
    await a.daemon.stop('SIGKILL');
    expect(await b.daemon.wormhole('leave', 'a')).toMatchObject({ code: 0 });
    expect([await tunnelOf(b), await peersOf(b)]).toEqual([undefined, []]);
    await a.up();
    expect([await tunnelOf(a), await peersOf(a)]).toMatchObject([{ state: 'complete' }, ['b down']]);
    expect(await a.daemon.wormhole('leave', 'b')).toMatchObject({ code: 0 });
    expect([await tunnelOf(a), await peersOf(a)]).toEqual([undefined, []]);
    for (const host of [a, b]) expect((await host.run(['ip', '-brief', 'link'])).stdout).not.toMatch(/^wh/m);
  });

  test('F87 several hosts come, over one port and out of a range that are chosen', async () => {
    const chosen = ['-C', '10.0.0.0/24', '-P', '51820'];
    await using world = await Hosts.start({
      hosts: {
        a: { ...hosts.a, flags: chosen },
        b: { ...hosts.b, flags: chosen },
        c: { ...hosts.c, flags: chosen },
      },
    });
    const { a, b, c } = world;
    const ends: string[] = [];
    for (const host of [b, c]) {
      const { stdout: token } = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4);
      const made = await joinWith(host, token);
      expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^10\.0\.0\.\d+ 10\.0\.0\.\d+\n$/) });
      const [local = '', remote = ''] = made.stdout.trim().split(' ');
      ends.push(local, remote);
      expect(await host.run(['ping', '-c', '1', '-W', '5', remote])).toMatchObject({ code: 0 });
    }
    expect(new Set(ends).size).toBe(4);
    for (const host of [a, b, c]) expect((await host.run(['ss', '-Hlun'])).stdout).toContain(':51820 ');
  });

  test('wg-up says what is missing when nobody could come', async () => {
    await using world = await Hosts.start({ hosts: { a: {} } });
    const up = await world.a.daemon.wormhole('wg-up');
    expect(up).toMatchObject({ code: 64, stderr: expect.stringContaining('--endpoint') });
  });
});
