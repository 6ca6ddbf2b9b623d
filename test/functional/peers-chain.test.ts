/**
 * Chains over three hosts, the last one behind NAT: it has joined the one in the middle, and nobody dials it.
 *
 *     a: client ─► wormholed ══► b: wormholed ◄══ (NAT) ══ c: wormholed ─► container's loopback
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { ECHO, importEcho, missingEcho } from '../support/echo-image.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

const noEngine = missingEcho();
if (noEngine !== undefined) console.log(`peers-chain.test.ts is partly skipped: ${noEngine}`);

let world: Hosts & { readonly a: Host; readonly b: Host; readonly c: Host };
beforeAll(async () => {
  world = await Hosts.start({ hosts: { a: {}, b: {}, c: { nat: true, engine: noEngine === undefined } } });
  if (noEngine === undefined) await importEcho(world.c.engine);
  await world.c.join('b');
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(async () => {
  const { wormholes } = await world.a.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
  const ids = wormholes.map(({ id }) => id);
  if (ids.length > 0) await world.a.daemon.wormhole('delete', '--now', ...ids);
  if (noEngine === undefined) await world.c.engine.clear();
});

async function echoed(host: Host, port: number, text: string): Promise<string> {
  await using client = await host.connect(port);
  await client.send(text);
  return await client.text(text.length);
}

describe('a peer behind NAT that has joined', () => {
  test('is reached by its name, from where it has joined', async () => {
    await using server = await world.c.serve((socket) => socket.pipe(socket));
    const { port, id } = await world.b.daemon.create(`url :0 remote c tail url :${server.port}`);
    expect(await echoed(world.b, port, 'behind NAT')).toBe('behind NAT');
    expect(await world.b.peer('c')).toMatchObject({ state: 'up', path: 'joined', addresses: [], source: 'joined' });
    expect(await world.c.peer('b')).toMatchObject({ state: 'up', path: 'direct', source: 'join' });
    await world.b.daemon.wormhole('delete', id);
  });

  test('N1: over two hops, there and back, megabytes each way', async () => {
    const data = bytes(4 << 20, 11);
    await using server = await world.c.serve((socket) => socket.pipe(socket));
    const { port } = await world.a.daemon.create(`url :0 remote b remote c tail url :${server.port}`);
    await using client = await world.a.connect(port);
    client.socket.end(data);
    expect((await client.readAll()).equals(data)).toBe(true);
  });

  test('has rejoined by itself after the daemon that it joined was started again, and the chain is there again', async () => {
    await using server = await world.c.serve((socket) => socket.pipe(socket));
    const { port } = await world.a.daemon.create(`url :0 remote b remote c tail url :${server.port}`);
    expect(await echoed(world.a, port, 'before')).toBe('before');
    await world.b.daemon.stop();
    await world.b.up();
    await until('c has joined again', async () => (await world.c.peer('b')).state === 'up');
    await until('the chain carries again', async () => {
      try {
        return (await echoed(world.a, port, 'after')) === 'after';
      } catch {
        return false;
      }
    });
  });

  test('has rejoined by itself after its own daemon was started again', async () => {
    await world.c.daemon.stop();
    await world.c.up();
    await until('b sees c again', async () => (await world.b.peer('c').catch(() => undefined))?.state === 'up');
    await using server = await world.c.serve((socket) => socket.pipe(socket));
    const { port } = await world.a.daemon.create(`url :0 remote b remote c tail url :${server.port}`);
    expect(await echoed(world.a, port, 'joined again')).toBe('joined again');
  });
});

describe('joining by a name', () => {
  test('where there is a link already: the name is known there, or refused when it is another’s', async () => {
    await using server = await world.b.serve((socket) => socket.pipe(socket));
    const { port } = await world.a.daemon.create(`url :0 remote b tail url :${server.port}`);
    expect(await echoed(world.a, port, 'linked')).toBe('linked');
    const join = (as: string) => world.a.daemon.ask('/v1/peers', { method: 'POST', json: { address: 'b', as } });
    const taken = await join('c');
    expect(taken.status).toBe(409);
    expect(taken.body).toMatchObject({ code: 'WH_ERR_PEER_EXISTS' });
    expect(await world.b.peer('c')).toMatchObject({ state: 'up' });
    expect((await join('ay')).status).toBe(201);
    expect(await world.b.peer('ay')).toMatchObject({ state: 'up' });
    await until(
      'the wormhole carries on',
      async () => (await echoed(world.a, port, 'again').catch(() => '')) === 'again',
    );
    await world.a.daemon.ask('/v1/peers/b', { method: 'DELETE' });
  });
});

describe('wormholes that lead to each other', () => {
  test('a connection through them ends after so many hops, and nothing is left of it', async () => {
    await world.a.daemon.create('url :7101 remote b tail url :7102');
    const back = await world.b.daemon.create('url :7102 remote a tail url :7101');
    await using client = await world.a.connect(7101);
    await client.ending();
    await world.b.daemon.sees(back.id, 'at rest', ({ stats }) => stats.connectionsOpen === 0);
    const { stats } = await world.b.daemon.look(back.id);
    expect(stats.connectionsTotal).toBeLessThanOrEqual(16);
    await until('one of them says why', () =>
      [world.a, world.b].some(({ daemon }) => daemon.log.includes('goes round')),
    );
    await world.b.daemon.wormhole('delete', '--now', back.id);
  });

  test('also where they lead through one that has no peer', async () => {
    await world.a.daemon.create('url :7111 remote b tail url :7112');
    const between = await world.b.daemon.create('url :7112 tail url :7113');
    const back = await world.b.daemon.create('url :7113 remote a tail url :7111');
    await using client = await world.a.connect(7111);
    await client.ending();
    await world.b.daemon.sees(between.id, 'at rest', ({ stats }) => stats.connectionsOpen === 0);
    const { stats } = await world.b.daemon.look(between.id);
    expect(stats.connectionsTotal).toBeLessThan(100);
    await world.b.daemon.wormhole('delete', '--now', back.id, between.id);
  });
});

describe.skipIf(noEngine !== undefined)(
  'N10: a chain over three hosts that ends on the loopback of a container',
  () => {
    test('TCP: of a running container', async () => {
      await world.c.engine.run({ name: 'db', image: ECHO, command: ['3306'] });
      const { port } = await world.a.daemon.create('url :0 remote b remote c docker-ns db url :3306');
      expect(await echoed(world.a, port, 'three hops')).toBe('three hops');
    });

    test('TCP: of one that the first connection starts, once for twenty clients', async () => {
      const spec = ['url', ':0', 'remote', 'b', 'remote', 'c', 'trigger', 'url', ':80', 'docker-run', ECHO];
      const { port } = await world.a.daemon.create(spec);
      expect(await world.c.engine.docker(['ps', '-aq'])).toBe('');
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => echoed(world.a, port, `client ${n}`)));
      expect(all).toEqual(Array.from({ length: 20 }, (_, n) => `client ${n}`));
      expect((await world.c.engine.docker(['ps', '-q'])).split('\n')).toHaveLength(1);
    });

    test('UDP: of one that the first datagram starts', async () => {
      const spec = ['url', 'udp://:0', 'remote', 'b', 'remote', 'c', 'trigger', 'url', 'udp://:80', 'docker-run', ECHO];
      const { port } = await world.a.daemon.create(spec);
      await using client = await world.a.udp();
      await until('an answer came', async () => {
        await client.send('three hops', { host: '127.0.0.1', port });
        return client.received.length > 0;
      });
      expect(client.received[0]?.data.toString()).toBe('three hops');
    });

    test('what was started at the end of the chain goes with the wormhole at its beginning', async () => {
      const spec = ['url', ':0', 'remote', 'b', 'remote', 'c', 'trigger', 'url', ':80', 'docker-run', ECHO];
      const { id, port } = await world.a.daemon.create(spec);
      expect(await echoed(world.a, port, 'hello')).toBe('hello');
      await world.a.daemon.wormhole('delete', '--now', id);
      await until('the container is gone', async () => (await world.c.engine.docker(['ps', '-q'])) === '');
    });
  },
);
