/**
 * What the portable data plane does with datagrams that no UDP socket of ours receives: flows that a peer brings, and
 * flows to a peer.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DatagramEnd } from '../../src/proxy/portable/datagram-end.ts';
import { type PortableDataPlane, startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import type { PortableRoute } from '../../src/proxy/portable/portable-route.ts';
import type { LinkAddress } from '../../src/proxy/portable/ways.ts';
import type { ConnectionRecord, RouteOptions, UpstreamTarget } from '../../src/proxy/route.ts';
import { FROM, link } from '../support/link-world.ts';
import { member } from '../support/relay-targets.ts';
import { UdpPeer, udpEcho } from '../support/relay-udp.ts';
import { until } from '../support/relay-wait.ts';

/** One end in memory; the other one is the test. */
class End implements DatagramEnd {
  readonly received: string[] = [];
  closed = false;
  say: (data: Buffer) => void = () => undefined;
  leave: () => void = () => undefined;

  send(data: Buffer): boolean {
    this.received.push(String(data));
    return true;
  }

  onDatagram(listener: (data: Buffer) => void): void {
    this.say = listener;
  }

  onClose(listener: () => void): void {
    this.leave = listener;
  }

  close(): void {
    this.closed = true;
  }
}

let plane: PortableDataPlane;
let asked: Array<{ address: LinkAddress; from: string; end: End }>;
let records: ConnectionRecord[];
beforeEach(async () => {
  asked = [];
  records = [];
  plane = await startPortableDataPlane({
    flow: (address, from) => {
      const end = new End();
      asked.push({ address, from, end });
      return Promise.resolve(end);
    },
  });
});
afterEach(() => plane[Symbol.asyncDispose]());

async function open(target: UpstreamTarget, options: Partial<RouteOptions> = {}): Promise<PortableRoute> {
  const route = await plane.open({
    id: 'test',
    kind: 'datagram',
    balance: 'rr',
    connectTimeoutMs: 20_000,
    connIdleMs: 0,
    halfOpenLingerMs: 0,
    flowIdleMs: 60_000,
    maxConns: 100,
    onClosed: (record) => records.push(record),
    ...options,
  });
  await route.retarget({ targets: [target], validForMs: Number.POSITIVE_INFINITY });
  return route;
}

test('a taken flow speaks to the target until its peer ends it', async () => {
  await using target = await udpEcho();
  const route = await open(member(target.address));
  const end = new End();
  route.takeFlow(end, FROM);
  end.say(Buffer.from('one'));
  end.say(Buffer.from('two'));
  await until('both came back', () => end.received.length === 2);
  expect(end.received).toEqual(['one', 'two']);
  expect(route.stats()).toMatchObject({ connectionsOpen: 1, datagramsIn: 2, datagramsOut: 2 });
  end.leave();
  expect(records).toEqual([
    expect.objectContaining({ client: FROM, upstream: 'm0', reason: 'done', bytesIn: 6, bytesOut: 6 }),
  ]);
  expect(end.closed).toBe(true);
});

test('taken flows count against the limit, and the one unused for longest is ended', async () => {
  await using target = await udpEcho();
  const route = await open(member(target.address), { maxConns: 2 });
  const ends = [new End(), new End(), new End()];
  for (const end of ends) route.takeFlow(end, FROM);
  expect(ends.map(({ closed }) => closed)).toEqual([true, false, false]);
  expect(route.stats()).toMatchObject({ connectionsOpen: 2, connectionsTotal: 3 });
});

test('a client of the head is led through a link, and the answers leave from the head', async () => {
  const route = await open(link);
  const head = await route.listenOn({ host: '127.0.0.1', port: 0 });
  if (!('port' in head)) throw new Error('not an IP head');
  await using client = await UdpPeer.bind();
  await client.send('question', head);
  const { address, from, end } = await until('the link was asked', () => asked[0]);
  expect(address).toEqual(link.address);
  expect(from).toBe(`127.0.0.1:${client.port}`);
  await until('it arrived', () => end.received.length === 1);
  expect(end.received).toEqual(['question']);
  end.say(Buffer.from('answer'));
  expect(await client.datagram()).toMatchObject({ data: Buffer.from('answer'), port: head.port });
});

test('when the peer ends a flow, the next datagram of the client opens another', async () => {
  const route = await open(link);
  const head = await route.listenOn({ host: '127.0.0.1', port: 0 });
  if (!('port' in head)) throw new Error('not an IP head');
  await using client = await UdpPeer.bind();
  await client.send('one', head);
  const first = await until('the link was asked', () => asked[0]);
  await until('it arrived', () => first.end.received.length === 1);
  first.end.leave();
  expect(first.end.closed).toBe(true);
  await client.send('two', head);
  const second = await until('the link was asked again', () => asked[1]);
  await until('it arrived', () => second.end.received.length === 1);
});

test('without targets a client is turned away, and served when there are some', async () => {
  await using target = await udpEcho();
  const route = await open(member(target.address));
  await route.retarget({ targets: [], validForMs: Number.POSITIVE_INFINITY });
  const head = await route.listenOn({ host: '127.0.0.1', port: 0 });
  if (!('port' in head)) throw new Error('not an IP head');
  await using client = await UdpPeer.bind();
  await client.send('lost', head);
  await until('it was turned away', () => records.length === 1);
  await route.retarget({ targets: [member(target.address)], validForMs: Number.POSITIVE_INFINITY });
  await client.send('found', head);
  expect(String((await client.datagram()).data)).toBe('found');
});
