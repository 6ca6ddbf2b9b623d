/** Conformance: what is told about connections is true. */
import { expect, test } from 'vitest';
import { bytes } from '../support/relay-bytes.ts';
import { echoServer, member, peerOf, serve } from '../support/relay-targets.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function recordsGroup(lend: Lend): void {
  test('a record names both ends, counts bytes by direction, and its times make sense', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [{ ...member(target.address), label: 'db@127.0.0.1:3306' }]);
    const client = await world.connect();
    const from = `127.0.0.1:${client.socket.localPort}`;
    client.finish(bytes(1234));
    const served = await peerOf(target);
    await served.readAll();
    served.finish(bytes(70_001));
    await client.readAll();
    const record = await world.record();
    expect(record).toMatchObject({
      client: from,
      upstream: 'db@127.0.0.1:3306',
      reason: 'done',
      detail: '',
      bytesIn: 1234,
      bytesOut: 70_001,
    });
    expect(record.dialMs).toBeGreaterThanOrEqual(0);
    expect(record.durationMs).toBeGreaterThanOrEqual(record.dialMs);
  });

  test('every connection leaves exactly one record', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const clients = await Promise.all(Array.from({ length: 50 }, () => world.connect()));
    await Promise.all(
      clients.map(async (client, i) => {
        await client.send('x');
        await client.read(1);
        if (i % 3 === 0) client.reset();
        else client.finish();
      }),
    );
    await world.stats('all have ended', (stats) => stats.connectionsTotal === 50 && stats.connectionsOpen === 0);
    await world.record(49);
    const froms = new Set(world.records.map(({ client }) => client));
    expect([world.records.length, froms.size]).toEqual([50, 50]);
  });

  test('counters are exact', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    let sent = 0;
    for (const size of [1, 1000, 16_384, 100_000]) {
      const client = await world.connect();
      client.finish(bytes(size));
      await client.readAll();
      sent += size;
    }
    const stats = await world.stats('all have ended', ({ connectionsOpen }) => connectionsOpen === 0);
    expect(stats).toMatchObject({ connectionsTotal: 4, connectionsFailed: 0, bytesIn: sent, bytesOut: sent });
    expect(stats.dialP50Ms).toBeGreaterThan(0);
    expect(stats.dialP99Ms).toBeGreaterThanOrEqual(stats.dialP50Ms as number);
    await world.stats('the dials are counted', ({ members }) => members[0]?.dialed === 4 && members[0].failed === 0);
  });

  test('bytes are counted while the connection lives', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    await client.send('12345');
    await client.read(5);
    await world.stats('they are counted', ({ bytesIn, bytesOut }) => bytesIn === 5 && bytesOut === 5);
    expect(world.route.stats()).toMatchObject({ connectionsOpen: 1, connectionsTotal: 1 });
  });

  test('a route that served nobody has nothing to tell', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    expect(world.route.stats()).toMatchObject({
      connectionsOpen: 0,
      connectionsTotal: 0,
      connectionsFailed: 0,
      bytesIn: 0,
      bytesOut: 0,
      dialP50Ms: null,
      dialP99Ms: null,
      datagramsIn: 0,
      datagramsOut: 0,
      datagramsDropped: 0,
      members: [{ member: 0, open: 0, dialed: 0, failed: 0, up: true }],
    });
  });
}
