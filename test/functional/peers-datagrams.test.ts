/** UDP between hosts: beside the streams where UDP gets through, over them where it does not. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { PeerList, WormholeDetail } from '../../src/spec/api.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';

/** A UDP service that sends back what it gets, as a program there. */
const echo = `const d=require('dgram').createSocket('udp4');d.on('message',(m,r)=>d.send(m,r.port,r.address));d.bind(+process.argv[1],'127.0.0.1',()=>console.log('ready'))`;

/** Sends datagrams of these sizes, one after the other, and tells how many came back whole. */
const ask = `
const d=require('dgram').createSocket('udp4');const sizes=process.argv.slice(2).map(Number);let got=0;
const next=async()=>{for(const size of sizes){const m=require('crypto').randomBytes(size);
for(let tries=0;tries<20;tries+=1){d.send(m,+process.argv[1],'127.0.0.1');
const back=await new Promise(r=>{const t=setTimeout(()=>r(),400);d.once('message',b=>{clearTimeout(t);r(b)})});
if(back&&back.equals(m)){got+=1;break}}}
console.log(got);process.exit()};next()`;

async function serveEcho(host: Host, port: number): Promise<void> {
  const running = host.start([process.execPath, '-e', echo, String(port)]);
  await once(running.child.stdout as never, 'data').catch(() => undefined);
}

async function asked(host: Host, port: number, sizes: readonly number[]): Promise<number> {
  const { stdout, stderr } = await host.run([process.execPath, '-e', ask, String(port), ...sizes.map(String)]);
  if (stderr !== '') throw new Error(stderr);
  return Number(stdout);
}

const way = async (host: Host): Promise<string | undefined> =>
  (await host.daemon.get<PeerList>('/v1/peers')).peers[0]?.datagrams;

const sizes = [0, 1, 64, 1_200, 1_472, 9_000, 65_507];

describe('datagrams between hosts', () => {
  test('F47 go beside the streams, whole from 0 to 65,507 bytes, and are counted at both ends', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await serveEcho(b, 5300);
    const made = await a.daemon.create('url udp://:5300 remote b tail url :5300');
    await expect.poll(() => way(a)).toBe('udp');
    expect(await asked(a, 5300, sizes)).toBe(sizes.length);
    const { segments } = await a.daemon.get<WormholeDetail>(`/v1/wormholes/${made.id}`);
    expect(segments.map(({ stats }) => stats.datagramsIn >= sizes.length)).toEqual([true, true]);
  }, 60_000);

  test('go over streams where UDP is filtered, and nobody has to know', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await b.run(['nft', 'add table inet filter; add chain inet filter in { type filter hook input priority 0; }']);
    expect((await b.run(['nft', 'add rule inet filter in iifname != "lo" udp dport 9999 drop'])).code).toBe(0);
    await serveEcho(b, 5300);
    await a.daemon.create('url udp://:5300 remote b tail url :5300');
    expect(await asked(a, 5300, sizes)).toBe(sizes.length);
    expect(await way(a)).toBe('stream');
  }, 60_000);

  test('reach a peer behind NAT that joined', async () => {
    await using world = await Hosts.start({ hosts: { gate: {}, laptop: { nat: true } } });
    const { gate, laptop } = world;
    await serveEcho(laptop, 5300);
    expect((await laptop.daemon.wormhole('join', 'gate')).code).toBe(0);
    await gate.daemon.create('url udp://:5300 remote laptop tail url :5300');
    expect(await asked(gate, 5300, sizes)).toBe(sizes.length);
    await expect.poll(() => way(gate)).toBe('udp');
    expect(await asked(gate, 5300, sizes)).toBe(sizes.length);
  }, 60_000);

  test('go on over another connection, in its epoch', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await serveEcho(b, 5300);
    await a.daemon.create('url udp://:5300 remote b tail url :5300');
    await expect.poll(() => way(a)).toBe('udp');
    for (let kick = 0; kick < 3; kick += 1) {
      expect((await a.daemon.wormhole('kick', 'b')).code).toBe(0);
      expect(await asked(a, 5300, sizes)).toBe(sizes.length);
    }
    expect(await way(a)).toBe('udp');
  }, 60_000);
});
