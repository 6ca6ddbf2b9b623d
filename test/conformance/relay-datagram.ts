/** Conformance: datagrams keep their bounds, their order and their client; nothing that goes wrong ends the head. */
import { expect, test } from 'vitest';
import type { RouteOptions } from '../../src/proxy/route.ts';
import { ownLoopback } from '../support/own-loopback.ts';
import { bytes } from '../support/relay-bytes.ts';
import { closedPort, member } from '../support/relay-targets.ts';
import { UdpPeer, udpEcho } from '../support/relay-udp.ts';
import { settle, until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Inability, Lend } from './relay.ts';

type Head = { readonly host: string; readonly port: number };

/** See the module header. */
export function datagramGroup(lend: Lend, unable: Inability): void {
  const open = async (
    target: UdpPeer,
    options: Partial<RouteOptions> & { readonly head?: Head } = {},
  ): Promise<RelayWorld> => RelayWorld.open(lend(), [member(target.address)], { kind: 'datagram', ...options });

  test('datagrams go both ways (WU18)', async () => {
    await using target = await udpEcho();
    await using world = await open(target);
    await using client = await UdpPeer.bind();
    await client.send('hello', headOf(world));
    const answer = await client.datagram();
    expect([answer.data.toString(), answer.host, answer.port]).toEqual(['hello', '127.0.0.1', headOf(world).port]);
    const stats = await world.stats('both are counted', (s) => s.datagramsIn === 1 && s.datagramsOut === 1);
    expect(stats).toMatchObject({ bytesIn: 5, bytesOut: 5, connectionsOpen: 1, datagramsDropped: 0 });
  });

  test.for([0, 1, 1200, 9000, 65_507])('a datagram of %i bytes stays whole (XT20)', async (size) => {
    await using target = await udpEcho();
    await using world = await open(target);
    await using client = await UdpPeer.bind();
    const data = bytes(size, size);
    await client.send(data, headOf(world));
    const { data: got } = await client.datagram();
    expect(got.equals(data)).toBe(true);
    expect(target.received).toHaveLength(1);
  });

  test('datagrams keep their bounds and their order', async () => {
    await using target = await udpEcho();
    await using world = await open(target);
    await using client = await UdpPeer.bind();
    for (let i = 0; i < 500; i++) {
      await client.send(`datagram ${i}`, headOf(world));
      if (i % 20 === 19) await client.datagram(i);
    }
    expect(client.received.map(({ data }) => data.toString())).toEqual(
      Array.from({ length: 500 }, (_, i) => `datagram ${i}`),
    );
  });

  test('every client has a flow of its own and gets only its own answers', async () => {
    await using target = await udpEcho();
    await using world = await open(target);
    const clients = await Promise.all(Array.from({ length: 20 }, () => UdpPeer.bind()));
    for (let round = 0; round < 3; round++) {
      await Promise.all(clients.map((client, i) => client.send(`${i}:${round}`, headOf(world))));
      await Promise.all(clients.map((client) => client.datagram(round)));
    }
    for (const [i, client] of clients.entries()) {
      expect(client.received.map(({ data }) => data.toString())).toEqual([`${i}:0`, `${i}:1`, `${i}:2`]);
    }
    expect(new Set(target.received.map(({ port }) => port)).size).toBe(20);
    await world.stats('a flow each', ({ connectionsOpen }) => connectionsOpen === 20);
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });

  test('the target may send first words of its own, and many answers to one question', async () => {
    await using target = await UdpPeer.bind();
    await using world = await open(target);
    await using client = await UdpPeer.bind();
    await client.send('subscribe', headOf(world));
    const flow = await target.datagram();
    for (let i = 0; i < 10; i++) await target.send(`event ${i}`, flow);
    await client.datagram(9);
    expect(client.received.at(-1)?.data.toString()).toBe('event 9');
  });

  test('a flow without a datagram for its idle time is ended', async () => {
    await using target = await udpEcho();
    await using world = await open(target, { flowIdleMs: 200 });
    await using client = await UdpPeer.bind();
    await client.send('abc', headOf(world));
    const record = await world.record();
    expect(record).toMatchObject({ client: `127.0.0.1:${client.port}`, upstream: 'm0', bytesIn: 3, bytesOut: 3 });
    await world.stats('nothing is open', ({ connectionsOpen }) => connectionsOpen === 0);
    await client.send('again', headOf(world));
    expect((await client.datagram(1)).data.toString()).toBe('again');
  });

  test('at the cap the flow that was unused longest makes room', async () => {
    await using target = await udpEcho();
    await using world = await open(target, { maxConns: 2 });
    const [a, b, c] = [await UdpPeer.bind(), await UdpPeer.bind(), await UdpPeer.bind()];
    const sends = [a, b, a, c];
    for (const [i, client] of sends.entries()) {
      await client.send('x', headOf(world));
      await until(`datagram ${i} was answered`, () => total(a, b, c) === i + 1);
    }
    expect((await world.record()).client).toBe(`127.0.0.1:${b.port}`);
    await world.stats('two are left', (s) => s.connectionsOpen === 2 && s.connectionsTotal === 3);
    await b.send('back', headOf(world));
    expect((await b.datagram(1)).data.toString()).toBe('back');
    for (const client of [a, b, c]) await client[Symbol.asyncDispose]();
  });

  test('a closed target port kills nothing, and the flow works when the target appears (R12)', async () => {
    const later = await closedPort();
    await using world = await RelayWorld.open(lend(), [member(later)], { kind: 'datagram' });
    await using client = await UdpPeer.bind();
    for (let i = 0; i < 5; i++) {
      await client.send('nobody there', headOf(world));
      await settle();
    }
    await using _target = await udpEcho(later.host, later.port);
    await until('the flow works', async () => {
      await client.send('now', headOf(world));
      return client.received.find(({ data }) => data.toString() === 'now');
    });
  });

  test('a client that has gone kills nothing', async () => {
    await using target = await UdpPeer.bind();
    await using world = await open(target);
    const gone = await UdpPeer.bind();
    await gone.send('x', headOf(world));
    const flow = await target.datagram();
    await gone[Symbol.asyncDispose]();
    for (let i = 0; i < 3; i++) {
      await target.send('for nobody', flow);
      await settle();
    }
    await using client = await UdpPeer.bind();
    await client.send('alive', headOf(world));
    await target.send('yes', await target.datagram(1));
    expect((await client.datagram()).data.toString()).toBe('yes');
  });

  test.skipIf(unable.replyAddress !== undefined)(
    `answers leave from the address that was asked${unable.replyAddress === undefined ? '' : ` (${unable.replyAddress})`}`,
    async () => {
      await using target = await udpEcho();
      await using world = await open(target, { head: { host: '0.0.0.0', port: 0 } });
      await using client = await UdpPeer.bind();
      const { port } = headOf(world);
      for (const [i, host] of ['127.0.0.1', '127.0.0.2', '127.0.0.3'].entries()) {
        await client.send(host, { host, port });
        const answer = await client.datagram(i);
        expect([answer.host, answer.data.toString()]).toEqual([host, host]);
      }
    },
  );

  test('an IPv6 head leads to an IPv4 target', async () => {
    await using target = await udpEcho();
    await using world = await open(target, { head: { host: '::1', port: 0 } });
    await using client = await UdpPeer.bind('::1');
    await client.send('six', { host: '::1', port: headOf(world).port });
    expect((await client.datagram()).data.toString()).toBe('six');
    await world.route.close(0);
    expect((await world.record()).client).toBe(`[::1]:${client.port}`);
  });

  test('a new head goes on with the counters, on the same port (WU19)', async () => {
    await using target = await udpEcho();
    await using world = await open(target, { head: { host: ownLoopback, port: 0 } });
    const head = headOf(world);
    await using client = await UdpPeer.bind();
    await client.send('one', head);
    await client.datagram(0);
    await world.route.unlisten();
    await world.listen(head);
    await client.send('two', head);
    expect((await client.datagram(1)).data.toString()).toBe('two');
    await world.stats('both are counted', (s) => s.datagramsIn === 2 && s.bytesIn === 6);
  });

  test('new targets are for new flows only (WU20)', async () => {
    await using before = await udpEcho();
    await using after = await udpEcho();
    await using world = await open(before);
    await using old = await UdpPeer.bind();
    await old.send('a', headOf(world));
    await old.datagram(0);
    await world.retarget([member(after.address)]);
    await old.send('b', headOf(world));
    await old.datagram(1);
    await using fresh = await UdpPeer.bind();
    await fresh.send('c', headOf(world));
    await fresh.datagram(0);
    expect([before.received.length, after.received.length]).toEqual([2, 1]);
  });

  test('a closed route frees its port and ends its flows (WU21)', async () => {
    await using target = await udpEcho();
    await using world = await open(target, { head: { host: ownLoopback, port: 0 } });
    const head = headOf(world);
    await using client = await UdpPeer.bind();
    await client.send('x', head);
    await client.datagram();
    await world.route.close(0);
    expect(await world.record()).toMatchObject({ reason: 'closed-by-daemon', bytesIn: 1, bytesOut: 1 });
    await using _again = await UdpPeer.bind(head.host, head.port);
  });
}

function headOf({ head }: RelayWorld): Head {
  if ('path' in head) throw new Error('not an IP head');
  return head;
}

function total(...peers: readonly UdpPeer[]): number {
  return peers.reduce((sum, { received }) => sum + received.length, 0);
}
