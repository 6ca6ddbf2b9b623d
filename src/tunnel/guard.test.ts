import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { guardLacks, guardWorld, nft } from '../../test/support/guard-world.ts';
import { Netns } from '../../test/support/netns.ts';

const missing = guardLacks();

const pair = { local: '100.65.0.2', remote: '100.65.0.3' };
const other = { local: '100.66.0.2', remote: '100.66.0.3' };
const ipsec = { by: 'ipsec' } as const;
const wh0 = { by: 'interface', name: 'wh0' } as const;

describe.skipIf(missing !== undefined)('the guard of overlay addresses', () => {
  test('writes rules that nft reads as they are meant', async () => {
    using made = guardWorld();
    await made.guard.add(pair, ipsec);
    await made.guard.add(other, wh0);
    const lines = nft(made.room, 'list', 'ruleset')
      .split('\n')
      .map((line) => line.trim());
    expect(lines.filter((line) => line !== '' && line !== '}')).toEqual([
      'table ip wormhole {',
      'set sealed {',
      'type ipv4_addr',
      expect.stringMatching(/^elements = \{ 100\.65\.0\.[23], 100\.65\.0\.[23] }$/),
      'set interface {',
      'type ipv4_addr',
      expect.stringMatching(/^elements = \{ 100\.66\.0\.[23], 100\.66\.0\.[23] }$/),
      'set tunnel {',
      'type ipv4_addr . ipv4_addr',
      expect.stringMatching(/^elements = \{ 100\.6\d.0.2 . 100\.6\d.0.3,$/),
      expect.stringMatching(/^100\.6\d.0.2 . 100\.6\d.0.3 }$/),
      'set way {',
      'type ipv4_addr . ifname',
      expect.stringMatching(/^elements = \{ 100\.66\.0\.[23] \. "wh0",$/),
      expect.stringMatching(/^100\.66\.0\.[23] \. "wh0" }$/),
      'chain came {',
      'type filter hook prerouting priority raw; policy accept;',
      'iifname "lo" accept',
      'ip saddr @sealed meta ipsec missing counter packets 0 bytes 0 drop',
      'ip daddr @sealed meta ipsec missing counter packets 0 bytes 0 drop',
      'ip saddr @interface ip saddr . iifname != @way counter packets 0 bytes 0 drop',
      'ip daddr @interface ip daddr . iifname != @way counter packets 0 bytes 0 drop',
      'ip saddr @interface ip daddr . ip saddr != @tunnel counter packets 0 bytes 0 drop',
      'chain goes {',
      'type filter hook postrouting priority 300; policy accept;',
      'oifname "lo" accept',
      'ip saddr @sealed rt ipsec missing counter packets 0 bytes 0 drop',
      'ip daddr @sealed rt ipsec missing counter packets 0 bytes 0 drop',
      'ip saddr @interface ip saddr . oifname != @way counter packets 0 bytes 0 drop',
      'ip daddr @interface ip daddr . oifname != @way counter packets 0 bytes 0 drop',
    ]);
  });

  test('comes with the first address and goes with the last', async () => {
    using made = guardWorld();
    await made.guard.add(pair, ipsec);
    await made.guard.add(other, wh0);
    await made.guard.remove(pair, ipsec);
    expect(await made.guard.list()).toEqual([{ ...other, way: wh0 }]);
    await made.guard.remove(other, wh0);
    expect(nft(made.room, 'list', 'ruleset')).toBe('');
    await made.guard.remove(other, wh0);
    expect(await made.guard.list()).toEqual([]);
  });

  test('does not take an address that is kept already, and keeps it as it was', async () => {
    using made = guardWorld();
    await made.guard.add(pair, ipsec);
    await made.guard.add(other, wh0);
    for (const [overlay, way] of [
      [{ ...other, remote: '100.65.0.3' }, ipsec],
      [{ local: '100.65.0.2', remote: '100.67.0.1' }, wh0],
      [pair, ipsec],
      [pair, wh0],
      [other, wh0],
      [other, ipsec],
      [other, { by: 'interface', name: 'wh1' }],
    ] as const) {
      await expect(made.guard.add(overlay, way)).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL_CONFLICT' });
    }
    expect((await made.guard.list()).length).toBe(2);
    expect([await made.guard.has(pair, ipsec), await made.guard.has(other, wh0)]).toEqual([true, true]);
  });

  test('adds again what somebody took out of a set', async () => {
    using made = guardWorld();
    await made.guard.add(pair, ipsec);
    await made.guard.add(other, wh0);
    for (const [set, element, overlay, way] of [
      ['sealed', '100.65.0.2', pair, ipsec],
      ['tunnel', '100.65.0.2 . 100.65.0.3', pair, ipsec],
      ['interface', '100.66.0.3', other, wh0],
      ['way', '100.66.0.2 . "wh0"', other, wh0],
    ] as const) {
      nft(made.room, 'delete', 'element', 'ip', 'wormhole', set, `{ ${element} }`);
      await expect.poll(() => made.guard.has(overlay, way)).toBe(false);
      await made.guard.add(overlay, way);
      expect(await made.guard.has(overlay, way)).toBe(true);
    }
  });

  test('is saved and loaded by nft like every other table', async () => {
    using made = guardWorld();
    await made.guard.add(pair, ipsec);
    await made.guard.add(other, wh0);
    const saved = nft(made.room, 'list', 'ruleset');
    nft(made.room, 'flush', 'ruleset');
    execFileSync('nsenter', [`--net=${made.room.path}`, 'nft', '-f', '-'], { input: saved });
    expect([await made.guard.has(pair, ipsec), await made.guard.has(other, wh0)]).toEqual([true, true]);
  });

  test('leaves the tables of others alone', async () => {
    using made = guardWorld();
    nft(made.room, 'add', 'table', 'ip', 'theirs');
    await made.guard.add(pair, ipsec);
    await made.guard.remove(pair, ipsec);
    expect(nft(made.room, 'list', 'tables').trim()).toBe('table ip theirs');
  });

  test('sees when somebody has flushed it or taken a rule, and puts it together again with all that it kept', async () => {
    using made = guardWorld();
    await made.guard.add(pair, ipsec);
    expect(await made.guard.has(pair, ipsec)).toBe(true);
    nft(made.room, 'flush', 'chain', 'ip', 'wormhole', 'came');
    await expect.poll(() => made.guard.has(pair, ipsec)).toBe(false);
    await made.guard.add(other, wh0);
    expect(await made.guard.has(pair, ipsec)).toBe(true);
    nft(made.room, 'flush', 'ruleset');
    await expect.poll(() => made.guard.has(pair, ipsec)).toBe(false);
    await made.guard.add(pair, ipsec);
    expect(await made.guard.has(pair, ipsec)).toBe(true);
  });

  test('takes many changes at once', async () => {
    using made = guardWorld();
    const hosts = Array.from({ length: 40 }, (_, i) => ({ local: `100.65.1.${i}`, remote: `100.65.2.${i}` }));
    await Promise.all(hosts.map((host) => made.guard.add(host, ipsec)));
    expect((await made.guard.list()).length).toBe(40);
    await Promise.all(hosts.map((host) => made.guard.remove(host, ipsec)));
    expect(nft(made.room, 'list', 'tables')).toBe('');
  });

  test('drops what is for an overlay address and comes from the network in clear text, and the answers', async () => {
    using made = guardWorld();
    using other = Netns.create();
    made.room.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', other.name);
    for (const [room, name, address] of [
      [made.room, 'v0', '10.9.0.1/24'],
      [other, 'v1', '10.9.0.2/24'],
    ] as const) {
      room.ip('address', 'add', address, 'dev', name);
      room.ip('link', 'set', name, 'up');
    }
    made.room.ip('address', 'add', '100.65.0.2/32', 'dev', 'lo');
    other.ip('route', 'add', '100.65.0.2/32', 'via', '10.9.0.1');
    const answers = (room: Netns): boolean => {
      try {
        execFileSync('nsenter', [`--net=${room.path}`, 'ping', '-c1', '-W2', '100.65.0.2'], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    };
    expect(answers(other)).toBe(true);
    await made.guard.add(pair, ipsec);
    expect(answers(other)).toBe(false);
    expect(answers(made.room)).toBe(true);
    expect(nft(made.room, 'list', 'chain', 'ip', 'wormhole', 'came')).toMatch(/daddr @sealed .*counter packets 1 /);
    await made.guard.remove(pair, ipsec);
    await made.guard.add(pair, wh0);
    expect(answers(other)).toBe(false);
  });

  test('drops what comes out of a tunnel and is for something else than its own end: other addresses, other tunnels', async () => {
    using made = guardWorld();
    using far = Netns.create();
    // As an interface of WireGuard that two tunnels share, whose far ends are one.
    made.room.ip('link', 'add', 'wh0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', far.name);
    const second = { local: '100.66.0.4', remote: '100.66.0.5' };
    for (const [room, name, addresses] of [
      [made.room, 'wh0', [other.local, second.local, '10.9.0.1']],
      [far, 'v1', [other.remote, second.remote]],
    ] as const) {
      for (const address of addresses) room.ip('address', 'add', `${address}/32`, 'dev', name);
      room.ip('link', 'set', name, 'up');
    }
    for (const address of [other.remote, second.remote]) made.room.ip('route', 'add', address, 'dev', 'wh0');
    for (const address of [other.local, second.local, '10.9.0.1']) far.ip('route', 'add', address, 'dev', 'v1');
    const reaches = (to: string): boolean => {
      const words = [`--net=${far.path}`, 'ping', '-c1', '-W1', '-I', other.remote, to];
      return spawnSync('nsenter', words, { stdio: 'ignore' }).status === 0;
    };
    const all = [other.local, second.local, '10.9.0.1'];
    expect(all.map(reaches)).toEqual([true, true, true]);
    for (const tunnel of [other, second]) await made.guard.add(tunnel, wh0);
    expect(all.map(reaches)).toEqual([true, false, false]);
  });
});
