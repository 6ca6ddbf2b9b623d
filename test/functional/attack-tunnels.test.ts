/**
 * Attacks on tunnels: packets in clear text that should have been sealed, keys where others can read them, descriptors in programs that we
 * start. Carried out with wireguard-go, which every kernel runs; what is different with IPsec is in `tunnel-kernel-ipsec-keys.test.ts`.
 *
 * Needs nf_tables and /dev/net/tun in the kernel, the programs wireguard-go and wg; says what is missing and is skipped then.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { eventually, pings, TunnelHosts } from '../support/tunnel-hosts.ts';
import { goProcess, lackingWireguard, wireguardHalves } from '../support/wireguard-halves.ts';

const lacking = await lackingWireguard('go');

/** What others on this machine can read of every process, as far as it is still there. */
function everybodysWords(): string {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return '';
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`)).join('\n');
}

describe.skipIf(lacking !== '')('an attack on a tunnel', () => {
  test('A13: that ends it does not make packets for the peer leave in clear text, nor lets any in', async () => {
    using hosts = new TunnelHosts();
    const [half, other] = wireguardHalves('go');
    const one = await hosts.tunnelsA.install(half);
    const two = await hosts.tunnelsB.install(other);
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    // Nobody mends it, and the programs with their interfaces are gone; the peer would even answer in clear text.
    for (const [end, { name }] of [
      [one, half],
      [two, other],
    ] as const) {
      end.release();
      process.kill(goProcess(name) ?? Number.NaN, 'SIGKILL');
      await eventually('it has ended', () => goProcess(name) === undefined);
    }
    hosts.a.ip('address', 'add', '100.65.0.2/32', 'dev', 'lo');
    hosts.b.ip('address', 'add', '100.65.0.3/32', 'dev', 'lo');
    hosts.a.ip('route', 'add', 'default', 'via', '10.9.0.2');
    hosts.b.ip('route', 'add', 'default', 'via', '10.9.0.1');
    expect(pings(hosts.a, '100.65.0.3')).toBe(false);
    expect(pings(hosts.a, '100.65.0.3', '-I', '100.65.0.2')).toBe(false);
    // Only the sender's guard is left, then only the receiver's.
    await hosts.tunnelsB.sweep(two.shape);
    expect(pings(hosts.a, '100.65.0.3')).toBe(false);
    await hosts.tunnelsA.sweep(one.shape);
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    for (const { name } of [half, other]) expect(existsSync(`/var/run/wireguard/${name}.sock`)).toBe(false);
  });

  test('A10: finds its keys in no argument, environment or record', async () => {
    using hosts = new TunnelHosts();
    const [half] = wireguardHalves('go');
    const one = await hosts.tunnelsA.install(half);
    try {
      const words = everybodysWords();
      expect(words).toContain(half.name);
      const kept = JSON.stringify(one.shape);
      for (const key of [half.privateKey, half.peer.presharedKey ?? Buffer.alloc(0)]) {
        for (const text of [key.toString('hex'), key.toString('base64'), JSON.stringify([...key])]) {
          expect(words).not.toContain(text);
          expect(kept).not.toContain(text);
        }
      }
    } finally {
      await one.remove();
    }
  });

  test('A30: finds no descriptor of ours in the program that carries it', async () => {
    using hosts = new TunnelHosts();
    const [half] = wireguardHalves('go');
    const one = await hosts.tunnelsA.install(half);
    try {
      const folder = `/proc/${goProcess(half.name)}/fd`;
      const open = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`).replace(/\d+/, 'N'));
      const own = new Set([
        '/dev/null',
        '/dev/net/tun',
        'socket:[N]',
        'anon_inode:[eventpoll]',
        'anon_inode:[eventfd]',
      ]);
      const others = open.filter(
        (what) => !own.has(what) && !what.startsWith('pipe:') && what !== 'anon_inode:inotify',
      );
      expect(others).toEqual([]);
      const ours = new Set(readdirSync('/proc/self/fd').flatMap((fd) => socketOf(`/proc/self/fd/${fd}`)));
      const theirs = readdirSync(folder).flatMap((fd) => socketOf(`${folder}/${fd}`));
      expect(theirs.filter((socket) => ours.has(socket))).toEqual([]);
    } finally {
      await one.remove();
    }
  });
});

function socketOf(path: string): string[] {
  try {
    const what = readlinkSync(path);
    return what.startsWith('socket:') || what.startsWith('net:') ? [what] : [];
  } catch {
    return [];
  }
}
