/** `carrier: quic` where QUIC cannot be had, or is lost: connections go over TLS, and everybody can see why. */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { until } from '../support/relay-wait.ts';

const wants = (...names: readonly string[]): string =>
  `peers: {${names.map((name) => `${name}: {address: ${name}, carrier: quic}`).join(', ')}}`;
const joined = (name: string): string => `peers: {${name}: {carrier: quic}}`;

const quic = (host: Host, peer: string): Promise<unknown> =>
  until(`${host.name} uses QUIC with ${peer}`, async () => (await host.peer(peer)).carrier === 'quic');
const tls = (host: Host, peer: string, reason: RegExp): Promise<unknown> =>
  until(`${host.name} says why it uses TLS with ${peer}`, async () => {
    const { carrier, carrierReason } = await host.peer(peer);
    return carrier === 'tls' && reason.test(carrierReason);
  });

async function echoed(host: Host, port: number, text: string): Promise<string> {
  await using client = await host.connect(port);
  await client.send(text);
  return await client.text(text.length);
}

const filter = async (host: Host): Promise<void> => {
  await host.run(['nft', 'add table inet filter; add chain inet filter in { type filter hook input priority 0; }']);
  await host.run(['nft', 'add rule inet filter in udp dport 10000 drop']);
};
const unfilter = (host: Host): Promise<unknown> => host.run(['nft', 'delete table inet filter']);
/** Lines of a log with these words. */
const lines = (host: Host, words: string): number => host.daemon.log.split(words).length - 1;

describe('where QUIC cannot be had', () => {
  test('F65: UDP is filtered from the beginning: everything goes over TLS, which is said once', async () => {
    await using world = await Hosts.start({ hosts: { a: { config: wants('b') }, b: { config: wants('a') } } });
    const { a, b } = world;
    await filter(b);
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    expect(await echoed(a, port, 'at once')).toBe('at once');
    await tls(a, 'b', /^UDP to .*: no answer in time$/);
    expect((await a.daemon.wormhole('peers')).stdout).toMatch(/tls(?:\+udp)? .*\n.*no QUIC: UDP to/);
    expect((await a.daemon.wormhole('ping', 'b')).stderr).toMatch(
      /carrier tls \(no QUIC: UDP to .*no answer in time\)/,
    );
    expect(lines(a, 'there is no QUIC with a peer')).toBe(1);
    await unfilter(b);
    await quic(a, 'b');
    expect(await echoed(a, port, 'by UDP')).toBe('by UDP');
    expect(lines(a, 'there is no QUIC with a peer')).toBe(1);
  }, 90_000);

  test('F64, F65: UDP is filtered later: what is open ends as with a lost peer, and nothing that comes after', async () => {
    await using world = await Hosts.start({ hosts: { a: { config: wants('b') }, b: { config: wants('a') } } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await quic(a, 'b');
    await using open = await a.connect(port);
    await open.send('hello');
    expect(await open.text(5)).toBe('hello');
    await filter(b);
    expect(await open.ending()).toBe('ECONNRESET');
    expect(await echoed(a, port, 'after')).toBe('after');
    await tls(a, 'b', /nothing was heard|no answer/);
    expect((await a.peer('b')).state).toBe('up');
    await unfilter(b);
    await quic(a, 'b');
    expect(await echoed(a, port, 'again')).toBe('again');
  }, 90_000);

  test('the engine is absent: TLS carries everything, and the remedy is named at both ends', async () => {
    await using world = await Hosts.start({
      hosts: { a: { config: wants('b') }, b: { config: wants('a'), down: true } },
    });
    const { a, b } = world;
    const module = createRequire(import.meta.url).resolve('@matrixai/quic-linux-x64');
    expect((await b.run(['mount', '--bind', '/dev/null', module])).code).toBe(0);
    await b.up();
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    expect(await echoed(a, port, 'hello')).toBe('hello');
    for (const [host, other] of [
      [a, 'b'],
      [b, 'a'],
    ] as const) {
      await tls(host, other, /QUIC needs the optional package/);
    }
  });

  test('the other end does not want it', async () => {
    await using world = await Hosts.start({ hosts: { a: { config: wants('b') }, b: {} } });
    const { a } = world;
    await a.daemon.wormhole('ping', 'b');
    await tls(a, 'b', /carrier: quic has to stand in the configuration of both/);
  });
});

describe('a peer that joined from behind a NAT', () => {
  test('F60, N1: comes from another address in the middle of its streams, and they go on, as the lane does', async () => {
    await using world = await Hosts.start({
      hosts: { gate: { config: joined('lap') }, lap: { nat: true, config: wants('gate') } },
    });
    const { gate, lap } = world;
    await using service = await lap.serve((socket) => socket.pipe(socket));
    await using other = await gate.serve((socket) => socket.pipe(socket));
    lap.knows('gate', gate.site.v4);
    await lap.join('gate', 'lap');
    const there = await gate.daemon.create(`url :0 remote lap tail url :${service.port}`);
    const back = await lap.daemon.create(`url :0 remote gate tail url :${other.port}`);
    await quic(gate, 'lap');
    await quic(lap, 'gate');
    await using one = await gate.connect(there.port);
    await using two = await lap.connect(back.port);
    for (const said of ['before', 'behind']) {
      for (const client of [one, two]) {
        await client.send(said);
        expect(await client.text(said.length)).toBe(said);
      }
      if (said === 'before') world.readdress('gate');
    }
    // The link found another connection, from the new address; QUIC needed none.
    await until('the link goes on', () => lines(gate, 'goes on over another connection') > 0);
    const { stdout } = await gate.run(['ss', '-Htn', 'sport', '=', '9999']);
    expect(stdout).toContain('10.99.1.77');
    expect([gate, lap].map((host) => lines(host, 'there is no QUIC with a peer'))).toEqual([0, 0]);
  }, 90_000);

  test('F60: is reached over QUIC, which it dialed, and is again after either daemon was killed', async () => {
    await using world = await Hosts.start({
      hosts: { gate: { config: joined('lap') }, lap: { nat: true, config: wants('gate') } },
    });
    const { gate, lap } = world;
    await using service = await lap.serve((socket) => socket.pipe(socket));
    await lap.join('gate', 'lap');
    const { port } = await gate.daemon.create(`url :0 remote lap tail url :${service.port}`);
    await quic(gate, 'lap');
    expect(await echoed(gate, port, 'through the NAT')).toBe('through the NAT');
    for (const one of [lap, gate]) {
      one.daemon.signal('SIGKILL');
      await one.daemon[Symbol.asyncDispose]();
      await one.up();
      await until('they are linked again', async () => (await gate.peer('lap')).state === 'up');
      await quic(gate, 'lap');
      await until(
        'connections are served again',
        async () => (await echoed(gate, port, 'once more').catch(() => '')) === 'once more',
      );
    }
  }, 150_000);
});
