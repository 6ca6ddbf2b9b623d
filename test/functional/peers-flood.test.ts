/**
 * A flood of datagrams beside a TCP connection that is read slowly, over one link: datagrams are what gives way.
 *
 *     a: sender without end ─► UDP head ══ link ══► b: nobody reads
 *        slow reader ◄─────── TCP head ══ link ◄══ b: a server
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Segment, WormholeDetail } from '../../src/spec/api.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

/** Sends as fast as it can for so many ms, then says how many. */
const flood = `
const d=require('dgram').createSocket('udp4');const m=Buffer.alloc(1200,7);const [port,ms]=process.argv.slice(1).map(Number);
let sent=0;const end=performance.now()+ms;
d.connect(port,'127.0.0.1',()=>{const more=()=>{if(performance.now()>end)return d.close(()=>console.log(sent));
for(let i=0;i<64;i++)d.send(m,e=>{if(!e)sent++});setImmediate(more)};more()})`;

const DATA = bytes(24 << 20, 17);
const FLOOD_MS = 4_000;
/** What a slow reader takes at once; the rest waits, and stops who sends it. */
const SIP = 256 << 10;
/** MiB that a daemon may grow by meanwhile: windows, what is kept for a resumption, and what the engine has not collected yet. */
const MOST_MIB = 128;

/** Resident memory of a host's daemon, in MiB. */
function memory({ daemon }: Host): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

async function segments(host: Host, id: string): Promise<readonly Segment[]> {
  return (await host.daemon.get<WormholeDetail>(`/v1/wormholes/${id}`)).segments;
}

describe('a flood of datagrams beside a slow reader', () => {
  test.each([
    ['over UDP', 'udp', ''],
    ['over a stream of the link, where UDP is filtered', 'stream', 'udp dport 9999 drop'],
  ])(
    '%s: the datagrams are bounded, every byte of the stream arrives',
    async (_, way, filter) => {
      await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
      const { a, b } = world;
      if (filter !== '') {
        await b.run(['nft', 'add table inet filter; add chain inet filter in { type filter hook input priority 0; }']);
        expect((await b.run(['nft', `add rule inet filter in iifname != "lo" ${filter}`])).code).toBe(0);
      }
      await using server = await b.serve((socket) => void socket.end(DATA));
      await using sink = await b.udp();
      await using echo = await b.udp();
      echo.echo();
      const tcp = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
      const udp = await a.daemon.create(`url udp://:0 remote b tail url :${sink.port}`);
      const other = await a.daemon.create(`url udp://:0 remote b tail url :${echo.port}`);
      if (way === 'udp') await until('there is a way for datagrams', async () => (await a.peer('b')).datagrams === way);
      const before = [memory(a), memory(b)];
      let most = 0;
      const look = setInterval(() => {
        most = Math.max(most, memory(a) - (before[0] ?? 0), memory(b) - (before[1] ?? 0));
      }, 50);
      try {
        await using client = await a.connect(tcp.port);
        client.socket.pause();
        const flooding = a.run([process.execPath, '-e', flood, String(udp.port), String(FLOOD_MS)]);
        let over = false;
        void flooding.finally(() => (over = true));
        while (!over) {
          client.socket.read(SIP);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const sent = Number((await flooding).stdout);
        client.socket.resume();
        expect((await client.readAll()).equals(DATA)).toBe(true);
        const [near, far] = await segments(a, tcp.id);
        expect([near?.stats.bytesOut, far?.stats.bytesOut]).toEqual([DATA.length, DATA.length]);

        const [head, tail] = await segments(a, udp.id);
        expect(tail?.stats.datagramsIn).toBeGreaterThan(0);
        expect(head?.stats.datagramsIn).toBeLessThan(sent);
        expect(tail?.stats.datagramsIn).toBeLessThan(sent);
        expect(most).toBeLessThan(MOST_MIB);
      } finally {
        clearInterval(look);
      }
      await using again = await a.udp();
      await until('datagrams get through', async () => {
        await again.send('hello', { host: '127.0.0.1', port: other.port });
        await new Promise((resolve) => setTimeout(resolve, 50));
        return again.received.length > 0;
      });
      await using anew = await a.connect(tcp.port);
      expect((await anew.readAll()).equals(DATA)).toBe(true);
    },
    60_000,
  );
});
