/**
 * Peers that die, stand still, or come back as somebody else.
 *
 *     a: clients ─ wormholed ══ wormholed ─ b: servers
 */
import { describe, expect, test } from 'vitest';
import { Belongings } from '../support/daemon.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { settle, until } from '../support/relay-wait.ts';

/** True when an echo comes back. */
async function carries(host: Host, port: number): Promise<boolean> {
  try {
    await using client = await host.connect(port);
    await client.send('ping');
    return (await client.text(4)) === 'ping';
  } catch {
    return false;
  }
}

/** Waits until a peer is in a state. */
const becomes = (host: Host, peer: string, state: string): Promise<unknown> =>
  until(`${peer} is ${state} at ${host.name}`, async () => (await host.peer(peer)).state === state);

describe('a peer', () => {
  test('that was killed ends the connections through it, and serves again when it is back, without being asked', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await a.connect(port);
    await client.send('before');
    expect(await client.text(6)).toBe('before');
    await b.daemon.stop('SIGKILL');
    await b.up();
    // The session has died with the process: what lived on it ends, and is not carried on by another one.
    expect(await client.ending()).not.toBe('eof');
    await until('it serves again', () => carries(a, port));
  });

  test('that stands still loses nobody who waits', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await a.connect(port);
    await client.send('one');
    expect(await client.text(3)).toBe('one');
    world.freeze('b');
    await client.send('two');
    await becomes(a, 'b', 'lost');
    expect(client.ended).toBeUndefined();
    expect(client.held).toBe(0);
    world.thaw('b');
    expect(await client.text(3)).toBe('two');
    await becomes(a, 'b', 'up');
  });

  test('that comes back with another key is refused by its key, and let in again with the right one', async () => {
    const config = 'peers: {b: {address: b, resume: 2s}}';
    await using world = await Hosts.start({ hosts: { a: { config }, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { id, port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    expect(await carries(a, port)).toBe(true);
    await b.daemon.stop();
    using other = new Belongings();
    await b.up({ of: other });
    await until('a says why', async () => (await a.peer('b')).reason.includes('key'));
    expect(await carries(a, port)).toBe(false);
    expect(await a.daemon.look(id)).toMatchObject({
      state: 'waiting',
      reason: expect.stringMatching(/^peer b: \S+:9999 does not accept our key/),
    });
    await b.daemon.stop();
    await b.up();
    await until('it serves again', () => carries(a, port));
    await a.daemon.sees(id, 'up', ({ state }) => state === 'up');
  });

  test('that was not there when the daemon started is reached once it is, for a wormhole of before', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { id, port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await b.daemon.stop();
    await a.daemon.stop();
    await a.up();
    await a.daemon.sees(id, 'not up', ({ state }) => state !== 'up');
    await b.up();
    await until('it serves', async () => {
      const { url } = await a.daemon.look(id);
      return carries(a, Number(/:(\d+)$/.exec(url)?.[1] ?? port));
    });
  });

  test('whose parent was killed runs one thing for it when that is back, not two', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { id } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    expect(await b.peer('a')).toMatchObject({ guests: 1 });
    await a.daemon.stop('SIGKILL');
    await a.up();
    const { url } = await a.daemon.sees(id, 'up', ({ state }) => state === 'up');
    expect(await carries(a, Number(/:(\d+)$/.exec(url)?.[1]))).toBe(true);
    expect(await b.peer('a')).toMatchObject({ guests: 1 });
  });

  test('deleted while the peer is away: the local half goes at once, the far half when the peer is back', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { id, port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await world.cut('a', 'b');
    await becomes(a, 'b', 'lost');
    expect(await a.daemon.wormhole('delete', '--now', id)).toMatchObject({ code: 0 });
    expect(await carries(a, port)).toBe(false);
    await world.heal('a', 'b');
    await until('b has ended it', async () => {
      const { peers } = await b.daemon.get<{ peers: { guests: number }[] }>('/v1/peers');
      return peers.every(({ guests }) => guests === 0);
    });
  });

  test('over a network that is gone for good: a connection ends when the session is given up, not before', async () => {
    const config = 'peers: {b: {address: b, resume: 2s}}';
    await using world = await Hosts.start({ hosts: { a: { config }, b: {} } });
    const { a, b } = world;
    await using server = await b.serve((socket) => socket.pipe(socket));
    const { port } = await a.daemon.create(`url :0 remote b tail url :${server.port}`);
    await using client = await a.connect(port);
    await client.send('one');
    expect(await client.text(3)).toBe('one');
    await world.cut('a', 'b');
    await settle();
    expect(client.ended).toBeUndefined();
    expect(await client.ending()).not.toBe('eof');
  });

  test('in both directions at once: two daemons that dial each other share one link', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const { a, b } = world;
    await using there = await b.serve((socket) => socket.end('b'));
    await using here = await a.serve((socket) => socket.end('a'));
    const [out, back] = await Promise.all([
      a.daemon.create(`url :0 remote b tail url :${there.port}`),
      b.daemon.create(`url :0 remote a tail url :${here.port}`),
    ]);
    await using one = await a.connect(out.port);
    await using other = await b.connect(back.port);
    expect([await one.text(), await other.text()]).toEqual(['b', 'a']);
    // What lives on the link that is given up lives on: it must have ended before that one can.
    for (const client of [one, other]) client.finish('');
    await until('one connection is left', async () => {
      const { stdout } = await a.run(['ss', '-Htn', 'state', 'established', '( sport = :9999 or dport = :9999 )']);
      return stdout.trim().split('\n').length === 1;
    });
  });
});
