/** Conformance: from an accepted client to a target, or to the word that there is none. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectTo } from '../support/relay-peer.ts';
import { closedPort, echoServer, member, serve, silentTarget } from '../support/relay-targets.ts';
import { settle, until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function dialGroup(lend: Lend): void {
  test('a target that starts listening late is reached, and nothing that was sent before is lost (F19)', async () => {
    const late = await closedPort();
    await using world = await RelayWorld.open(lend(), [member(late)]);
    const client = await world.connect();
    client.finish('early words');
    await world.stats('several rounds have failed', ({ members }) => (members[0]?.failed ?? 0) >= 5);
    await using _target = await echoServer(late);
    expect(await client.text()).toBe('early words');
  });

  test('a client whose target never comes is ended when the connect timeout is over', async () => {
    await using world = await RelayWorld.open(lend(), [member(await closedPort())], { connectTimeoutMs: 250 });
    const client = await world.connect();
    expect(await client.ending()).toMatch(/eof|ECONNRESET|closed/);
    const record = await world.record();
    expect(record).toMatchObject({ reason: 'dial-failed', upstream: '', dialMs: -1, bytesIn: 0, bytesOut: 0 });
    expect(record.detail).toContain('ECONNREFUSED');
    const stats = await world.stats('the failure is counted', ({ connectionsFailed }) => connectionsFailed === 1);
    expect(stats).toMatchObject({ connectionsTotal: 1, connectionsOpen: 0 });
  });

  test('a target that does not answer is given up when the connect timeout is over', async () => {
    await using silent = await silentTarget();
    await using world = await RelayWorld.open(lend(), [member(silent.address)], { connectTimeoutMs: 300 });
    const client = await world.connect();
    await client.ending();
    expect(await world.record()).toMatchObject({ reason: 'dial-failed', dialMs: -1 });
  });

  test('a dead target does not delay other clients (XT4)', async () => {
    await using silent = await silentTarget();
    await using live = await echoServer();
    await using world = await RelayWorld.open(lend(), [member(silent.address)]);
    const waiting = [await world.connect(), await world.connect(), await world.connect()];
    await world.stats('the dials are under way', ({ members }) => (members[0]?.dialed ?? 0) >= 3);
    await world.retarget([live]);
    const client = await world.connect();
    await client.send('quick');
    expect(await client.text(5)).toBe('quick');
    expect(waiting.map(({ ended }) => ended)).toEqual([undefined, undefined, undefined]);
    expect(world.records).toEqual([]);
  });

  test('a client that resets while its target is dialed is forgotten (R10)', async () => {
    await using silent = await silentTarget();
    await using world = await RelayWorld.open(lend(), [member(silent.address)]);
    const client = await world.connect();
    await client.send('impatient');
    await world.stats('the dial is under way', ({ members }) => members[0]?.dialed === 1);
    // data and reset in one event look like an end to libuv
    await settle();
    client.reset();
    expect(await world.record()).toMatchObject({ reason: 'client-gone', upstream: '' });
    await world.stats('nothing is open', ({ connectionsOpen }) => connectionsOpen === 0);
  });

  test('a client that half-closes while its target is dialed is still served', async () => {
    await using silent = await silentTarget();
    await using live = await echoServer();
    const members = [member(silent.address, 0), member(live.address, 1)];
    await using world = await RelayWorld.open(lend(), members, { balance: 'first', connectTimeoutMs: 1000 });
    const client = await world.connect();
    client.finish('patient');
    expect(await client.text()).toBe('patient');
  });

  test('a silent member leaves time for the next one (R11)', async () => {
    await using silent = await silentTarget();
    await using live = await echoServer();
    const members = [member(silent.address, 0), member(live.address, 1)];
    await using world = await RelayWorld.open(lend(), members, { balance: 'first', connectTimeoutMs: 2000 });
    const client = await world.connect();
    await client.send('x');
    expect(await client.text(1)).toBe('x');
    expect(client.ended).toBeUndefined();
  });

  test('the addresses of one member are tried in turn, and a dead one does not make the member look down', async () => {
    await using live = await echoServer();
    const addresses = [member(await closedPort()), member(live.address)];
    await using world = await RelayWorld.open(lend(), addresses);
    for (let i = 0; i < 5; i++) {
      await using client = await world.connect();
      client.finish('x');
      expect(await client.text()).toBe('x');
    }
    const { members } = await world.stats('the dials are counted', ({ members }) => (members[0]?.dialed ?? 0) >= 10);
    expect(members).toMatchObject([{ member: 0, failed: 0, up: true }]);
  });

  test('a thousand connections one after the other leave as many descriptors as before (XT3)', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const rounds = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) {
        await using client = await connectTo(world.head);
        client.finish('ping');
        expect(await client.text()).toBe('ping');
      }
    };
    await rounds(50);
    const before = await quietDescriptors(world);
    await rounds(1000);
    const after = await quietDescriptors(world);
    expect(after).toBeLessThanOrEqual(before + 8);
    expect(world.route.stats()).toMatchObject({ connectionsTotal: 1050, connectionsOpen: 0, connectionsFailed: 0 });
  });

  test('a hundred clients at once are all served', async () => {
    await using target = await serve(undefined, (socket) => socket.pipe(socket));
    await using world = await RelayWorld.open(lend(), [target]);
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const client = await world.connect();
        client.finish(`client ${i}`);
        return client.text();
      }),
    );
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => `client ${i}`));
  });
}

/** Open descriptors of this process once every connection has ended on all sides. */
async function quietDescriptors(world: RelayWorld): Promise<number> {
  await world.stats('nothing is open', ({ connectionsOpen }) => connectionsOpen === 0);
  let last = -1;
  return until('the number of descriptors came to rest', async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const open = readdirSync('/proc/self/fd').length;
    const rested = open === last;
    last = open;
    return rested && open;
  });
}
