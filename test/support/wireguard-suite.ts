/**
 * What a WireGuard tunnel does, whoever carries it: what we set up is read by `wg` and `ip`.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { InstalledWireguard, WireguardHalf } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { newPrivateKey, publicKeyOf } from '../../src/tunnel/wireguard/key.ts';
import type { Netns } from './netns.ts';
import { patiently } from './patience.ts';
import { inside, pings, TunnelHosts, traces } from './tunnel-hosts.ts';
import { UdpTap } from './udp-tap.ts';
import { goProcess, shown, wireguardHalves } from './wireguard-halves.ts';

/** Twice, with the event loop going on. @throws unless it is answered */
const pinged = (room: Netns, address: string): Promise<unknown> =>
  promisify(execFile)('nsenter', [`--net=${room.path}`, 'ping', '-c2', '-i0.2', '-W5', address]);

/** @param skip when this machine cannot carry it so */
export function wireguardSuite(engine: 'kernel' | 'go', skip: boolean): void {
  describe.skipIf(skip)(`a WireGuard tunnel by ${engine}`, () => {
    async function both(
      hosts: TunnelHosts,
      made = wireguardHalves(engine),
    ): Promise<[InstalledWireguard, InstalledWireguard]> {
      return [await hosts.tunnelsA.install(made[0]), await hosts.tunnelsB.install(made[1])];
    }

    test('carries packets between its two addresses, and `wg` shows it as it was meant', async () => {
      using hosts = new TunnelHosts();
      const made = wireguardHalves(engine);
      const [one, two] = await both(hosts, made);
      try {
        expect(pings(hosts.a, '100.65.0.3')).toBe(true);
        const [half, other] = made;
        const dump = inside(hosts.a, 'wg', 'show', half.name, 'dump')
          .trim()
          .split(/[\n\t]/);
        expect(dump.slice(0, 3)).toEqual([half.privateKey, publicKeyOf(half.privateKey), 51820].map(shown));
        expect(dump.slice(4, 8)).toEqual(
          [half.peer.publicKey, half.peer.presharedKey ?? '', '10.9.0.2:51820', '100.65.0.3/32'].map(shown),
        );
        expect(hosts.a.ip('route', 'show', '100.65.0.3')).toContain(
          `dev ${half.name} proto 119 scope link src 100.65.0.2`,
        );
        const stats = await two.stats();
        expect(stats.bytesIn).toBeGreaterThan(200);
        expect(stats.lastHandshake).toBeInstanceOf(Date);
        expect(other.name).not.toBe(half.name);
        expect(await one.missing()).toEqual([]);
      } finally {
        await one.remove();
        await two.remove();
      }
    });

    test('leaves nothing when it is removed', async () => {
      using hosts = new TunnelHosts();
      const before = [traces(hosts.a), traces(hosts.b)];
      const made = wireguardHalves(engine);
      const [one, two] = await both(hosts, made);
      await one.remove();
      await two.remove();
      await two.remove();
      expect([traces(hosts.a), traces(hosts.b)]).toEqual(before);
      expect(made.some(({ name }) => goProcess(name) !== undefined)).toBe(false);
    });

    test('ends inside a container, with its socket in the host', async () => {
      using hosts = new TunnelHosts();
      const [inA, inB] = [hosts.container(), hosts.container()];
      const [half, other] = wireguardHalves(engine);
      const one = await hosts.tunnelsA.install({ ...half, netns: inA.namespace });
      const two = await hosts.tunnelsB.install({ ...other, netns: inB.namespace });
      try {
        expect(pings(inA, '100.65.0.3')).toBe(true);
        expect(inA.ip('address', 'show', 'dev', half.name)).toContain('100.65.0.2/32');
        expect(inside(hosts.a, 'ss', '-Hlun')).toContain(':51820');
        expect(inside(inA, 'ss', '-Hlun')).toBe('');
        expect(inside(hosts.a, 'ip', 'address')).not.toContain('100.65.0.2');
      } finally {
        await one.remove();
        await two.remove();
      }
      expect(traces(inA)).not.toContain(half.name);
      expect(goProcess(half.name)).toBeUndefined();
    });

    test('shares an interface with others, which goes with the last', async () => {
      using hosts = new TunnelHosts();
      const [first] = wireguardHalves(engine);
      const more: WireguardHalf = {
        ...first,
        peer: { publicKey: publicKeyOf(newPrivateKey()) },
        overlay: { local: '100.65.0.4', remote: '100.65.0.5' },
      };
      const one = await hosts.tunnelsA.install(first);
      const two = await hosts.tunnelsA.install(more);
      await one.remove();
      expect(await two.missing()).toEqual([]);
      expect(hosts.a.ip('link')).toContain(first.name);
      await two.remove();
      expect(hosts.a.ip('link')).not.toContain(first.name);
    });

    test('does not take an interface, a port, a peer or an address that is taken, and leaves nothing', async () => {
      using hosts = new TunnelHosts();
      const [half, other] = wireguardHalves(engine);
      const one = await hosts.tunnelsA.install(half);
      const before = traces(hosts.a);
      try {
        const overlay = { local: '100.65.0.4', remote: '100.65.0.5' };
        const peer = { publicKey: publicKeyOf(newPrivateKey()) };
        const refused: Array<[WireguardHalf, RegExp]> = [
          [{ ...half, overlay, privateKey: newPrivateKey() }, /has another key/],
          [{ ...half, overlay, listenPort: 51821 }, /has port 51820/],
          [{ ...half, overlay }, /peer with this key/],
          [{ ...half, peer, overlay: { ...overlay, remote: '100.65.0.3' } }, /has 100.65.0.3/],
          [{ ...other, overlay }, /51820|EADDRINUSE/],
          [{ ...half, peer }, /has 100.65.0.2/],
        ];
        for (const [wrong, why] of refused) {
          await expect(hosts.tunnelsA.install(wrong)).rejects.toMatchObject({
            code: 'WH_ERR_TUNNEL_CONFLICT',
            message: expect.stringMatching(why),
          });
          expect(traces(hosts.a)).toBe(before);
        }
      } finally {
        await one.remove();
      }
    });

    test('is taken up by a later process, which can remove it', async () => {
      using hosts = new TunnelHosts();
      const [half] = wireguardHalves(engine);
      const before = traces(hosts.a);
      const { shape, release } = await hosts.tunnelsA
        .install(half)
        .then((made) => ({ shape: made.shape, release: () => made.release() }));
      release();
      expect(JSON.stringify(shape)).not.toContain(JSON.stringify(half.privateKey));
      using later = new KernelTunnels({ namespace: hosts.a.namespace });
      // What takes no key is added again by the way.
      hosts.a.ip('route', 'delete', '100.65.0.3');
      const adopted = await later.adopt(shape);
      if ('partial' in adopted) throw new Error(`not whole: ${adopted.missing.join()}`);
      await adopted.remove();
      expect(traces(hosts.a)).toBe(before);
    });

    test('is swept away when only some of it is there', async () => {
      using hosts = new TunnelHosts();
      const [half] = wireguardHalves(engine);
      const before = traces(hosts.a);
      const one = await hosts.tunnelsA.install(half);
      one.release();
      hosts.a.ip('link', 'delete', half.name);
      expect((await one.missing()).length).toBeGreaterThan(2);
      await hosts.tunnelsA.sweep(one.shape);
      expect(traces(hosts.a)).toBe(before);
    });

    test('is found and removed when nobody knows it, and those that share its interface stay', async () => {
      using hosts = new TunnelHosts();
      const range = { address: '100.64.0.0', prefix: 14 };
      const before = traces(hosts.a);
      const [half] = wireguardHalves(engine);
      const overlay = { local: '100.65.0.4', remote: '100.65.0.5' };
      const known = await hosts.tunnelsA.install(half);
      const more = { ...half, overlay, peer: { publicKey: publicKeyOf(newPrivateKey()) } };
      // Nobody looks after it any more.
      (await hosts.tunnelsA.install(more)).release();
      const remains = await hosts.tunnelsA.remains(range);
      expect(remains.map((remain) => remain.overlay)).toEqual([half.overlay, overlay]);
      expect(remains[1]?.parts).toEqual([
        'protection of the overlay addresses',
        `interface ${half.name}`,
        'route to 100.65.0.5',
      ]);
      await remains[1]?.remove();
      expect(hosts.a.ip('address')).not.toContain('100.65.0.4');
      expect(await known.missing()).toEqual([]);
      known.release();
      for (const remain of await hosts.tunnelsA.remains(range)) await remain.remove();
      expect(traces(hosts.a)).toBe(before);
      expect(await hosts.tunnelsA.remains(range)).toEqual([]);
    });

    test('opens a packet once, and none of another key: those are dropped, and not counted as received', async () => {
      using hosts = new TunnelHosts();
      const [half, other] = wireguardHalves(engine);
      const at = { host: '10.9.0.1', port: 6_000 };
      const [near, far] = [
        { host: '10.9.0.1', port: 51_820 },
        { host: '10.9.0.2', port: 51_820 },
      ];
      using tap = new UdpTap(hosts.a, { at, near, far });
      const tapped = { ...half.peer, endpoint: { address: at.host, port: at.port } };
      const one = await hosts.tunnelsA.install({ ...half, peer: tapped });
      const two = await hosts.tunnelsB.install(other);
      const echoes = (): string => inside(hosts.b, 'nstat', '-asz', 'IcmpInEchos');
      const bytes = (): number => tap.sent.reduce((sum, { length }) => sum + length, 0);
      const left = async () => [(await two.stats()).bytesIn - bytes(), (await two.stats()).dropped];
      try {
        await pinged(hosts.a, '100.65.0.3');
        const [handshake, data] = [1, 4].map((type) =>
          tap.sent.findLast(([first, , , , ...rest]) => first === type && rest.length > 28),
        );
        if (handshake === undefined || data === undefined) throw new Error('nothing of WireGuard went through the tap');
        await expect.poll(left, patiently).toEqual([0, engine === 'kernel' ? 0 : undefined]);
        // Of the same session and with a number that was not used yet.
        const foreign = Buffer.concat([
          data.subarray(0, 8),
          Buffer.of(99, 0, 0, 0, 0, 0, 0, 0),
          randomBytes(data.length - 16),
        ]);
        for (let round = 0; round < 5; round += 1) for (const bytes of [data, foreign, handshake]) tap.again(bytes);
        // In the order in which they came: what is answered now was behind all of them.
        await pinged(hosts.a, '100.65.0.3');
        expect(echoes()).toMatch(/IcmpInEchos +4 /);
        await expect.poll(left, patiently).toEqual([0, engine === 'kernel' ? 15 : undefined]);
      } finally {
        await one.remove();
        await two.remove();
      }
    });

    test('works with an end that was made with `wg`, and follows where its peer is now', async () => {
      using hosts = new TunnelHosts();
      const [half, other] = wireguardHalves(engine);
      const one = await hosts.tunnelsA.install({
        ...half,
        peer: { ...half.peer, endpoint: { address: '10.9.0.9', port: 9 } },
      });
      const two = await hosts.tunnelsB.install({ ...other, peer: { publicKey: other.peer.publicKey } });
      try {
        inside(hosts.b, 'wg', 'set', other.name, 'peer', shown(other.peer.publicKey), 'preshared-key', '/dev/null');
        await one.setPeer({ endpoint: { address: '10.9.0.2', port: 51820 }, presharedKey: Buffer.alloc(32) });
        expect(one.shape.peer.endpoint).toEqual({ address: '10.9.0.2', port: 51820 });
        expect(pings(hosts.a, '100.65.0.3')).toBe(true);
      } finally {
        await one.remove();
        await two.remove();
      }
    });
  });
}
