/**
 * What the kernel under these tests can do, shown by hand with `ip xfrm` and `wg`, without any code of ours: when these
 * pass, what fails in the other files is ours.
 *
 *   a ── va ──────── vb ── b
 *      10.9.0.1   10.9.0.2         outer
 *   192.168.1.1   192.168.2.1      overlay, on lo or on the tunnel's interface
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answers, given, inside, LinkedRooms } from '../support/linked-rooms.ts';
import { kernelLacks } from '../support/vm/kernel.ts';

/** ESP between the two rooms. */
function esp({ a, b }: LinkedRooms, ...encapsulation: string[]): void {
  const outer = (host: number): string => `10.9.0.${host}`;
  const overlay = (host: number): string => `192.168.${host}.1`;
  for (const [room, own, other] of [
    [a, 1, 2],
    [b, 2, 1],
  ] as const) {
    for (const [from, to] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const head = ['src', outer(from), 'dst', outer(to), 'proto', 'esp', 'spi', `0x${from}00`, 'reqid', '1'];
      const key = `0x${`${from}${from}`.repeat(20)}`;
      const how = ['mode', 'tunnel', 'aead', 'rfc4106(gcm(aes))', key, '128', ...encapsulation];
      room.ip('xfrm', 'state', 'add', ...head, ...how);
      const selector = ['src', `${overlay(from)}/32`, 'dst', `${overlay(to)}/32`];
      const template = ['tmpl', 'src', outer(from), 'dst', outer(to), 'proto', 'esp', 'reqid', '1', 'mode', 'tunnel'];
      room.ip('xfrm', 'policy', 'add', ...selector, 'dir', from === own ? 'out' : 'in', ...template);
    }
    room.ip('address', 'add', `${overlay(own)}/32`, 'dev', 'lo');
    room.ip('route', 'add', overlay(other), 'via', outer(other), 'src', overlay(own));
  }
}

describe.skipIf(kernelLacks('esp'))('ESP by hand', () => {
  test('carries packets, and nothing but ESP is on the wire', async () => {
    using rooms = new LinkedRooms();
    esp(rooms);
    await using wire = await rooms.watch();
    expect(answers(rooms.a, '192.168.2.1')).toBe(true);
    expect(await wire.kinds()).toEqual(['esp']);
  });

  test('carries packets in UDP between sockets that unwrap it', async () => {
    using rooms = new LinkedRooms();
    await rooms.unwrap(rooms.a, '10.9.0.1', 4500);
    await rooms.unwrap(rooms.b, '10.9.0.2', 4500);
    esp(rooms, 'encap', 'espinudp', '4500', '4500', '0.0.0.0');
    await using wire = await rooms.watch();
    expect(answers(rooms.a, '192.168.2.1')).toBe(true);
    expect(await wire.kinds()).toEqual(['esp in udp']);
  });
});

describe.skipIf(kernelLacks('esp', 'netem'))('a link with a delay', () => {
  test('still carries ESP', () => {
    using rooms = new LinkedRooms();
    rooms.delay(50);
    esp(rooms);
    expect(answers(rooms.a, '192.168.2.1')).toBe(true);
    expect(inside(rooms.a, 'tc', 'qdisc', 'show', 'dev', 'va')).toContain('delay 50ms');
  });
});

describe.skipIf(kernelLacks('wireguard'))('WireGuard by hand', () => {
  test('carries packets between interfaces that were moved away from their sockets', async () => {
    using rooms = new LinkedRooms();
    const directory = mkdtempSync(join(tmpdir(), 'wormhole-wg-'));
    const ends = [rooms.a, rooms.b].map((host, index) => {
      const key = inside(host, 'wg', 'genkey');
      const file = join(directory, `${index}`);
      writeFileSync(file, key, { mode: 0o600 });
      return { host, own: index + 1, room: rooms.room(), file, publicKey: given(key, host, 'wg', 'pubkey').trim() };
    });
    for (const { host, own, room, file } of ends) {
      const { own: other, publicKey } = ends[2 - own] as (typeof ends)[number];
      host.ip('link', 'add', 'wg0', 'type', 'wireguard');
      host.ip('link', 'set', 'wg0', 'netns', room.name);
      const peer = ['peer', publicKey, 'allowed-ips', `192.168.${other}.1/32`, 'endpoint', `10.9.0.${other}:51820`];
      inside(room, 'wg', 'set', 'wg0', 'listen-port', '51820', 'private-key', file, ...peer);
      room.ip('address', 'add', `192.168.${own}.1/16`, 'dev', 'wg0');
      room.ip('link', 'set', 'wg0', 'up');
    }
    await using wire = await rooms.watch();
    expect(answers(ends[0]?.room ?? rooms.a, '192.168.2.1')).toBe(true);
    expect(await wire.kinds()).toEqual(['wireguard']);
    expect(inside(rooms.a, 'ss', '-Hlnu')).toContain(':51820');
  });
});

describe.skipIf(kernelLacks('xfrm-interface'))('an xfrm interface', () => {
  test('can be made, and moved into another namespace', () => {
    using rooms = new LinkedRooms();
    rooms.a.ip('link', 'add', 'xf', 'type', 'xfrm', 'dev', 'va', 'if_id', '7');
    rooms.a.ip('link', 'set', 'xf', 'netns', rooms.b.name);
    expect(rooms.b.ip('link', 'show', 'xf')).toContain('xf');
  });
});

describe.skipIf(kernelLacks('nf_tables'))('the firewall', () => {
  test('drops in a table of both families', () => {
    using rooms = new LinkedRooms();
    inside(rooms.a, 'nft', 'add table inet t; add chain inet t c { type filter hook output priority 0; }');
    inside(rooms.a, 'nft', 'add rule inet t c ip daddr 10.9.0.2 drop');
    expect(answers(rooms.a, '10.9.0.2')).toBe(false);
  });

  test('translates addresses', () => {
    using rooms = new LinkedRooms();
    inside(rooms.a, 'nft', 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; }');
    inside(rooms.a, 'nft', 'add rule ip n p masquerade');
    expect(answers(rooms.a, '10.9.0.2')).toBe(true);
  });
});
