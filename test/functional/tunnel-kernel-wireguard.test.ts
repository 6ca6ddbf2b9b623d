/**
 * WireGuard tunnels between two hosts, by the kernel: what every tunnel does, and what this one counts.
 *
 * Needs in the kernel: wireguard, nf_tables; the program wg. Says what is missing and is skipped then.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { newPrivateKey } from '../../src/tunnel/wireguard/key.ts';
import type { Netns } from '../support/netns.ts';
import { patiently } from '../support/patience.ts';
import { inside, pings, TunnelHosts, traces } from '../support/tunnel-hosts.ts';
import { lackingWireguard, wireguardHalves } from '../support/wireguard-halves.ts';
import { wireguardSuite } from '../support/wireguard-suite.ts';

const lacking = await lackingWireguard('kernel');

wireguardSuite('kernel', lacking !== '');

test.skipIf(lacking !== '')(
  'a packet that was sealed from another address than that of its tunnel is dropped and counted',
  async () => {
    using hosts = new TunnelHosts();
    const [half, other] = wireguardHalves('kernel');
    const one = await hosts.tunnelsA.install(half);
    const two = await hosts.tunnelsB.install(other);
    try {
      expect(pings(hosts.a, '100.65.0.3')).toBe(true);
      expect((await two.stats()).dropped).toBe(0);
      hosts.a.ip('address', 'add', '10.66.0.1/32', 'dev', half.name);
      expect(pings(hosts.a, '100.65.0.3', '-I', '10.66.0.1')).toBe(false);
      expect((await two.stats()).dropped).toBe(2);
    } finally {
      await one.remove();
      await two.remove();
    }
  },
);

/** Datagrams of nobody to the port of a tunnel, of several lengths and of each type of message. */
function sendGarbage(room: Netns, host: string, count: number): void {
  const script = `const socket = require('node:dgram').createSocket('udp4');
    (async () => { for (let i = 0; i < ${count}; i += 1) {
      const bytes = Buffer.alloc([4, 32, 92, 148, 1200][i % 5], 7); bytes.writeUInt32LE([1, 2, 4, 5][i % 4]);
      await new Promise((sent) => socket.send(bytes, 51820, '${host}', sent)); } socket.close(); })();`;
  execFileSync('nsenter', [`--net=${room.path}`, process.execPath, '-e', script]);
}

test.skipIf(lacking !== '')(
  'what comes to its port and is of nobody is counted as dropped, and nothing else is, wherever the interface is',
  async () => {
    using hosts = new TunnelHosts();
    const before = [traces(hosts.a), traces(hosts.b)];
    const [half, other] = wireguardHalves('kernel');
    const inB = hosts.container();
    const two = await hosts.tunnelsB.install({ ...other, netns: inB.namespace });
    // It speaks at once, and again only after five seconds when nobody is there.
    const one = await hosts.tunnelsA.install({ ...half, peer: { ...half.peer, keepaliveSeconds: 1 } });
    const dropped = async (): Promise<Array<number | undefined>> => [
      (await one.stats()).dropped,
      (await two.stats()).dropped,
    ];
    try {
      expect(pings(hosts.a, '100.65.0.3')).toBe(true);
      inside(hosts.a, 'ping', '-q', '-f', '-c', '400', '-W', '5', '100.65.0.3');
      // Some packets that keep it alive.
      await after(3_500);
      expect(await dropped()).toEqual([0, 0]);
      sendGarbage(hosts.a, '10.9.0.2', 40);
      await expect.poll(dropped, patiently).toEqual([0, 40]);
      // A host that this one does not know.
      const stranger = await hosts.tunnelsA.install({
        ...half,
        name: `${half.name.slice(0, 10)}x`,
        privateKey: newPrivateKey(),
        listenPort: 51_821,
        overlay: { local: '100.65.0.4', remote: '100.65.0.5' },
      });
      expect(pings(hosts.a, '100.65.0.5')).toBe(false);
      await expect.poll(async () => (await dropped())[1], patiently).toBeGreaterThan(40);
      await stranger.remove();
      expect(inside(hosts.a, 'nft', 'list', 'table', 'inet', 'wormhole')).not.toContain('51821');

      const [, told = 0] = await dropped();
      inside(hosts.b, 'nft', 'flush', 'ruleset');
      await expect.poll(() => two.missing(), patiently).toEqual([]);
      inside(hosts.b, 'nft', 'list', 'table', 'inet', 'wormhole');
      expect(pings(hosts.a, '100.65.0.3')).toBe(true);
      sendGarbage(hosts.a, '10.9.0.2', 5);
      await expect.poll(dropped, patiently).toEqual([0, told + 5]);

      using later = new KernelTunnels({ namespace: hosts.b.namespace });
      const adopted = await later.adopt(two.shape);
      if ('partial' in adopted) throw new Error(`not whole: ${adopted.missing.join()}`);
      expect((await adopted.stats()).dropped).toBe(told + 5);
      adopted.release();
    } finally {
      await one.remove();
      await two.remove();
    }
    expect([traces(hosts.a), traces(hosts.b)]).toEqual(before);
  },
);

test.skipIf(lacking !== '')(
  'a count that a killed daemon has left behind is found and removed, and one of a tunnel that is known is told by its port',
  async () => {
    using hosts = new TunnelHosts();
    const range = { address: '100.64.0.0', prefix: 14 };
    const before = traces(hosts.a);
    const [half] = wireguardHalves('kernel');
    const inA = hosts.container();
    const one = await hosts.tunnelsA.install({ ...half, netns: inA.namespace });
    const named = async (): Promise<string[]> =>
      (await hosts.tunnelsA.remains(range)).flatMap(({ overlay, parts }) => (overlay.local === undefined ? parts : []));
    expect(await named()).toEqual(['count at UDP port 51820']);
    one.release();
    inA.ip('link', 'delete', half.name);
    for (const remain of await hosts.tunnelsA.remains(range)) await remain.remove();
    expect(traces(hosts.a)).toBe(before);
  },
);
