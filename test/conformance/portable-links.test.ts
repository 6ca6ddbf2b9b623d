/**
 * What the portable data plane does with streams that are no sockets: as clients, as a peer brings them, and as targets
 * behind a link to a peer. With streams in memory, which have no reset, and with those of a real mux.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from '../../src/lib/errors.ts';
import type { JoinEnd } from '../../src/proxy/portable/client.ts';
import { Pump } from '../../src/proxy/portable/pump.ts';
import { clientOf, FROM, LinkWorld, link } from '../support/link-world.ts';
import { bytes } from '../support/relay-bytes.ts';
import { Oracle } from '../support/relay-oracle.ts';
import { connectTo } from '../support/relay-peer.ts';
import { echoServer, member, peerOf, serve } from '../support/relay-targets.ts';
import { settle, until, within } from '../support/relay-wait.ts';
import { all, pairsInMemory, pairsOfMux, textOf } from '../support/stream-pair.ts';

const MIB = 1 << 20;
const pump = Pump.make();
describe.each([
  ['in memory', pairsInMemory, () => undefined],
  ['of a mux', pairsOfMux, () => undefined],
  ['of a mux, pumped', pairsOfMux, () => pump],
])('streams %s', (kind, makePairs, pumped) => {
  let world: LinkWorld;
  beforeEach(async () => {
    world = await LinkWorld.make(await makePairs(), pumped());
  });
  afterEach(() => world[Symbol.asyncDispose]());

  test('a taken client is served to both ends, and its record says where it came from', async () => {
    await using target = await serve();
    const far = await world.taken(await world.open([member(target.address)]));
    far.end('question');
    const served = await peerOf(target);
    expect(await served.text()).toBe('question');
    served.finish('answer');
    expect(await textOf(far)).toBe('answer');
    const expected = { client: FROM, upstream: 'm0', reason: 'done', bytesIn: 8, bytesOut: 6 };
    expect(await world.record()).toMatchObject(expected);
  });

  test('8 MiB come back as they were sent', async () => {
    await using target = await echoServer();
    const far = await world.taken(await world.open([member(target.address)]));
    const sent = bytes(8 * MIB);
    far.end(sent);
    expect(sent.equals(await all(far))).toBe(true);
  });

  test('taken clients are counted and limited as accepted ones are', async () => {
    await using target = await serve();
    const route = await world.open([member(target.address)], { maxConns: 1 });
    const first = await world.taken(route);
    const second = await world.taken(route);
    second.end('second');
    const served = await peerOf(target);
    await settle();
    expect(target.accepted).toBe(1);
    expect(route.stats()).toMatchObject({ connectionsOpen: 1, connectionsTotal: 1 });
    first.end();
    first.resume();
    served.finish();
    expect(await (await peerOf(target, 1)).text()).toBe('second');
  });

  test('a taken client that ends without a word while it waits has left', async () => {
    const oracle = new Oracle();
    const far = await world.taken(await world.open([], { ask: oracle.ask }));
    await until('the question was put', () => oracle.asked === 1);
    far.end();
    expect(await world.record()).toMatchObject({ reason: 'client-gone' });
    expect(oracle.withdrawn).toEqual([true]);
  });

  test('a taken client that asks and then ends waits for its answer', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    const far = await world.taken(await world.open([], { ask: oracle.ask }));
    far.end('question');
    await until('the question was put', () => oracle.asked === 1);
    await settle();
    oracle.answer([member(target.address)]);
    expect(await textOf(far)).toBe('question');
    expect(await world.record()).toMatchObject({ reason: 'done' });
  });

  test('a client of a closed route is turned away', async () => {
    const route = await world.open([]);
    await route.close(0);
    const [near] = await world.pair();
    route.take(clientOf(near));
    expect(near.destroyed).toBe(true);
  });

  test('a link is dialed with what the target says, and carries bytes and both ends', async () => {
    const route = await world.open([link]);
    const head = await route.listenOn({ host: '127.0.0.1', port: 0 });
    await using client = await connectTo(head);
    client.finish('question');
    const { address, from, answer } = await world.dial();
    expect(address).toEqual(link.address);
    expect(from).toMatch(/^127\.0\.0\.1:\d+$/);
    const [near, far] = await world.pair();
    answer(near);
    expect(await textOf(far)).toBe('question');
    far.end('answer');
    expect(await client.text()).toBe('answer');
    expect(await world.record()).toMatchObject({ upstream: 'db@peer', reason: 'done', bytesIn: 8, bytesOut: 6 });
  });

  test('from peer to peer, byte for byte', async () => {
    const client = await world.taken(await world.open([link]));
    const [near, far] = await world.pair();
    (await world.dial()).answer(near);
    far.pipe(far);
    const sent = bytes(8 * MIB, 2);
    client.end(sent);
    expect(sent.equals(await all(client))).toBe(true);
    expect(await world.record()).toMatchObject({ client: FROM, reason: 'done', bytesIn: 8 * MIB, bytesOut: 8 * MIB });
  });

  test('what a link refuses with is what the record says', async () => {
    await world.taken(await world.open([link]));
    (await world.dial()).refuse(
      new WormholeError('WH_ERR_POLICY', 'the policy of peer "db" forbids it', { detail: { peer: true } }),
    );
    expect(await world.record()).toMatchObject({ reason: 'dial-failed', detail: 'the policy of peer "db" forbids it' });
    expect(world.dialed.length).toBe(1);
  });

  test('a peer that is not there now is tried again', async () => {
    await world.taken(await world.open([link], { connectTimeoutMs: 250 }));
    const record = await until('it was given up', () => {
      world.dialed.at(-1)?.refuse(new WormholeError('WH_ERR_PEER_UNREACHABLE', 'peer "db" is away'));
      return world.records[0];
    });
    expect(record).toMatchObject({ reason: 'dial-failed', detail: 'peer "db" is away' });
    expect(world.dialed.length).toBeGreaterThan(1);
  });

  test('a link whose client has left is told so, and what it opens later is destroyed', async () => {
    const [near] = await world.pair();
    (await world.open([link])).take(clientOf(near));
    const { signal, answer } = await world.dial();
    near.destroy();
    await until('the link was told', () => signal.aborted);
    const [late] = await world.pair();
    answer(late);
    await until('the late stream is destroyed', () => late.destroyed);
    expect(await world.record()).toMatchObject({ reason: 'client-gone' });
  });

  test('whoever brings a client hears once that bytes follow, or why none will', async () => {
    await using target = await echoServer();
    const route = await world.open([member(target.address)]);
    const told: Array<'dialed' | JoinEnd> = [];
    const [near, far] = await world.pair();
    route.take(clientOf(near, told));
    far.end('x');
    expect(await textOf(far)).toBe('x');
    await world.record();
    await route.retarget({ targets: [], validForMs: Number.POSITIVE_INFINITY });
    const [unserved] = await world.pair();
    route.take(clientOf(unserved, told));
    await world.record(1);
    expect(told).toEqual(['dialed', { reason: 'no-target', detail: 'there is no target to dial' }]);
  });

  test('a client that is not wanted any more once its target is reached leaves no connection behind', async () => {
    const route = await world.open([link]);
    const [client] = await world.pair();
    const unwanted = (): never => {
      throw new Error('the stream is gone');
    };
    route.take({ ...clientOf(client), dialed: unwanted });
    const [near] = await world.pair();
    (await world.dial()).answer(near);
    expect(await world.record()).toMatchObject({ reason: 'closed-by-daemon' });
    expect([client.destroyed, near.destroyed]).toEqual([true, true]);
    expect(route.stats().members[0]?.open).toBe(0);
  });

  test('a client that does not read stops what comes through the link', async () => {
    const client = await world.taken(await world.open([link]));
    const [near, far] = await world.pair();
    (await world.dial()).answer(near);
    let sent = 0;
    const push = (): void => {
      do sent += MIB;
      while (far.write(bytes(MIB)) && sent < 256 * MIB);
    };
    far.on('drain', push);
    push();
    await settle();
    const stalled = sent;
    await settle();
    expect(sent).toBe(stalled);
    expect(sent).toBeLessThan(64 * MIB);
    client.destroy();
    far.destroy();
  });

  test('to abort the route destroys both sides', async () => {
    const route = await world.open([link]);
    const [client, far] = await world.pair();
    const [near] = await world.pair();
    route.take(clientOf(client));
    (await world.dial()).answer(near);
    await until('it is connected', () => route.stats().members[0]?.open === 1);
    await route.close(0);
    expect([client.destroyed, near.destroyed]).toEqual([true, true]);
    expect(await world.record()).toMatchObject({ reason: 'closed-by-daemon' });
    far.destroy();
  });

  test('a stream that goes without a word takes its other side along', async () => {
    const route = await world.open([link]);
    const [client] = await world.pair();
    const [near] = await world.pair();
    route.take(clientOf(client));
    (await world.dial()).answer(near);
    await until('it is connected', () => route.stats().members[0]?.open === 1);
    near.destroy();
    expect(await world.record()).toMatchObject({ reason: 'target-reset' });
    expect(client.destroyed).toBe(true);
  });

  // In memory there is none.
  if (kind !== 'in memory')
    test('a reset goes through, from either side', async () => {
      await using target = await serve();
      const route = await world.open([member(target.address)]);
      const leaving = await world.taken(route);
      leaving.write('x');
      const served = await peerOf(target);
      await served.read(1);
      leaving.destroy();
      expect(await served.ending()).toBe('ECONNRESET');
      expect(await world.record()).toMatchObject({ reason: 'client-reset' });
      const left = await world.taken(route);
      left.write('x');
      const resetting = await peerOf(target, 1);
      await resetting.read(1);
      resetting.reset();
      await within('the reset', new Promise((resolve) => left.once('error', resolve)));
      expect(await world.record(1)).toMatchObject({ reason: 'target-reset' });
    });
});
