/**
 * The reverse tunnel as its users run it: what passes through it, and what becomes of it when a part of it is gone.
 *
 *   client (this test) ── quic-server ══ quic-agent, quic-agent ── target (this test)
 */
import { describe, expect, test } from 'vitest';
import { at, dial } from '../support/local.ts';
import { OpenTunnel, TunnelWorld, to } from '../support/quic-tunnel.ts';
import { bytes } from '../support/relay-bytes.ts';
import { echoServer, namedServer, peerOf, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';

/** Everything that the service behind the tunnel says to a new client. */
async function answer(port: number): Promise<string> {
  await using client = await dial(port);
  client.finish('');
  return await client.text();
}

describe('through the tunnel', () => {
  test('64 MiB arrive as they were sent, in both directions', async () => {
    await using target = await echoServer();
    await using tunnel = await OpenTunnel.start(to(target));
    await using client = await dial(tunnel.port);
    const sent = bytes(64 << 20);
    client.finish(sent);
    expect((await client.readAll()).equals(sent)).toBe(true);
  });

  test('XT1: a client that has ended still gets its answer, and a target that has ended its question', async () => {
    await using target = await serve();
    await using tunnel = await OpenTunnel.start(to(target));
    for (const first of ['client', 'target'] as const) {
      await using client = await dial(tunnel.port);
      await client.send('question');
      const there = await peerOf(target, first === 'client' ? 0 : 1);
      const [one, other] = first === 'client' ? [client, there] : [there, client];
      expect((await there.read(8)).toString()).toBe('question');
      one.finish();
      expect((await other.readAll()).length).toBe(0);
      other.finish('the rest');
      expect((await one.readAll()).toString()).toBe('the rest');
    }
  });

  test('XT16: a service that speaks first is heard before its client has said a word', async () => {
    await using target = await serve(at(0), (socket) => void socket.write('220 ready'));
    await using tunnel = await OpenTunnel.start(to(target));
    await using client = await dial(tunnel.port);
    expect(await client.text(9)).toBe('220 ready');
  });

  test('a reset, and a target that refuses, are told to the client', async () => {
    await using target = await serve();
    await using tunnel = await OpenTunnel.start(to(target));
    const { agent } = tunnel;
    await using client = await dial(tunnel.port);
    await client.send('x');
    const there = await peerOf(target);
    await there.read(1);
    there.reset();
    expect(await client.ending()).toBe('ECONNRESET');
    await target[Symbol.asyncDispose]();
    await using refused = await dial(tunnel.port);
    expect(await refused.ending()).toBe('ECONNRESET');
    await agent.tells('the target cannot be reached');
  });

  test('1,000 connections are there at once, each with its own bytes', async () => {
    await using target = await echoServer();
    await using tunnel = await OpenTunnel.start(to(target));
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => dial(tunnel.port)));
    await Promise.all(clients.map((client, i) => client.send(`I am ${i}`)));
    const answers = await Promise.all(clients.map((client, i) => client.text(`I am ${i}`.length)));
    expect(answers).toEqual(clients.map((_, i) => `I am ${i}`));
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });

  test('A22: a client that does not read holds up its own target, and neither memory nor other clients', async () => {
    using world = new TunnelWorld();
    await using flood = await serve(at(0), (socket) => {
      const block = Buffer.alloc(64 << 10);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(block));
      };
      socket.on('drain', pour);
      pour();
    });
    await using server = await world.server();
    await using agent = world.agent(server.quicPort, to(flood));
    await agent.tells('connected');
    const stalled = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await dial(server.ports[0] ?? 0);
        client.socket.pause();
        return client;
      }),
    );
    await using reading = await dial(server.ports[0] ?? 0);
    await reading.read(8 << 20);
    const before = [server.memory, agent.memory];
    await reading.read(64 << 20);
    const after = [server.memory, agent.memory];
    for (const [i, now] of after.entries()) expect(now - (before[i] ?? 0)).toBeLessThan(64 << 20);
    await Promise.all(stalled.map((client) => client[Symbol.asyncDispose]()));
  });
});

describe('several agents', () => {
  test('XT17: take turns, and one that is killed or frozen is passed over, within a second for whoever meets it', async () => {
    using world = new TunnelWorld('one', 'two');
    await using first = await namedServer('1');
    await using second = await namedServer('2');
    await using server = await world.server();
    await using one = world.agent(server.quicPort, to(first), 'one');
    await using two = world.agent(server.quicPort, to(second), 'two');
    await server.tells('an agent is connected', 2);
    const port = server.ports[0] ?? 0;
    let longestMs = 0;
    const turns = async (count: number): Promise<string[]> => {
      const answers: string[] = [];
      for (let i = 0; i < count; i += 1) {
        const begun = performance.now();
        answers.push(await answer(port));
        longestMs = Math.max(longestMs, performance.now() - begun);
      }
      return answers;
    };
    expect((await turns(4)).toSorted()).toEqual(['1', '1', '2', '2']);

    two.child.kill('SIGSTOP');
    expect(await turns(4)).toEqual(['1', '1', '1', '1']);
    expect(longestMs).toBeLessThan(1_000);

    two.child.kill('SIGCONT');
    await until('the frozen one serves again', async () => (await turns(2)).includes('2') || undefined);

    one.child.kill('SIGKILL');
    longestMs = 0;
    expect(await turns(4)).toEqual(['2', '2', '2', '2']);
    expect(longestMs).toBeLessThan(1_000);
    await server.tells('an agent is gone');
  });

  test('are told apart by the name in their certificates', async () => {
    using world = new TunnelWorld('db', 'web');
    await using ofDb = await namedServer('db');
    await using ofWeb = await namedServer('web');
    await using server = await world.server('web=127.0.0.1:0,db=127.0.0.1:0,other=127.0.0.1:0');
    await using db = world.agent(server.quicPort, to(ofDb), 'db');
    await using web = world.agent(server.quicPort, to(ofWeb), 'web');
    await Promise.all([db.tells('connected'), web.tells('connected')]);
    const [webPort = 0, dbPort = 0, otherPort = 0] = server.ports;
    for (let round = 0; round < 3; round += 1) {
      expect(await answer(webPort)).toBe('web');
      expect(await answer(dbPort)).toBe('db');
    }
    expect(await answer(otherPort)).toBe('');
  });
});

describe('without an agent', () => {
  test('a client is sent away at once, and one that speaks CONNECT is told so', async () => {
    using world = new TunnelWorld();
    await using server = await world.server();
    const port = server.ports[0] ?? 0;
    expect(await answer(port)).toBe('');
    await using client = await dial(port);
    client.finish('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n');
    expect(await client.text()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\n\r\nno agent is connected/);
    await server.tells('no agent for a client', 2);
  });
});
