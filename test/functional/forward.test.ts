/**
 * `wormhole forward` between two hosts: a program on one, the daemon on the other, nothing else.
 *
 *     client: 127.0.0.1:PORT ─ forward ═══ link ═══ wormholed :server ─► targets in the server's network
 */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Forwarding } from '../support/forwarding.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';
import { until } from '../support/relay-wait.ts';

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const root = process.getuid?.() === 0;
if (!root) console.log('forward.test.ts is skipped: needs root');

describe.skipIf(!root)('forward', () => {
  let world: Hosts & { readonly client: Host; readonly server: Host };
  let echo: ServerThere;
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { client: { down: true }, server: {} } });
    world.server.knows('only-there', '127.0.0.1');
    echo = await world.server.serve((socket) => void socket.pipe(socket));
  });
  afterAll(async () => {
    await echo?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  /** What comes back of `bytes`. */
  const through = async (port: number, bytes: Uint8Array | string): Promise<Buffer> => {
    await using peer = await world.client.connect(port);
    peer.finish(bytes);
    return await peer.readAll();
  };

  test('F40 F41 F42 a port here leads to a port there: PORT, PORT:PORT and PORT:HOST:PORT', async () => {
    const { server } = world;
    await using same = await server.serve((socket) => void socket.end('same'), { port: 4001 });
    expect(same.port).toBe(4001);
    await using forwarding = await Forwarding.start(
      world.client,
      `-t server -c 4001 -c 4002:4001 -c 4003:127.0.0.1:${echo.port}`,
    );
    expect(forwarding.ports).toEqual([4001, 4002, 4003]);
    expect((await through(4001, '')).toString()).toBe('same');
    expect((await through(4002, '')).toString()).toBe('same');
    expect((await through(4003, 'hello')).toString()).toBe('hello');
  });

  test('F43 T7 names are looked up at the far end, the daemon may be named, and everything may be IPv6', async () => {
    const { client, server } = world;
    await using six = await server.serve((socket) => void socket.end('six'), { host: '::1' });
    const words = `-t [${server.site.v6}]:9999 -c 0:only-there:${echo.port} [::1]:0:[::1]:${six.port}`;
    await using forwarding = await Forwarding.start(client, words);
    const [named, second] = forwarding.ports;
    expect((await through(named ?? 0, 'by name')).toString()).toBe('by name');
    await using peer = await client.connect({ host: '::1', port: second ?? 0 });
    expect(await peer.text()).toBe('six');
  });

  test('T5 nothing but the loopback is listened on, unless --bind says so', async () => {
    const { client } = world;
    await using forwarding = await Forwarding.start(client, `-t server -c 4010:${echo.port}`);
    const outside = { host: client.site.v4, port: 4010 };
    await expect(client.connect(outside)).rejects.toThrow('ECONNREFUSED');
    expect(await forwarding.stop()).toBe(0);
    await using open = await Forwarding.start(client, `-t server --bind ${client.site.v4} -c 4010:${echo.port}`);
    await using peer = await client.connect(outside);
    peer.finish('out here');
    expect(await peer.text()).toBe('out here');
    expect(open.ports).toEqual([4010]);
  });

  test('64 MiB arrive as they were sent, both ways', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    const sent = randomBytes(64 << 20);
    expect(sum(await through(forwarding.port, sent))).toBe(sum(sent));
  });

  test('F44 T2 connections that nobody reads hold no other back, and memory stays bounded', async () => {
    const { client, server } = world;
    await using flood = await server.serve((socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(1 << 16)));
      };
      socket.on('drain', more);
      more();
    });
    await using forwarding = await Forwarding.start(client, `-t server -c 0:${flood.port} 0:${echo.port}`);
    const [stalled = 0, lively = 0] = forwarding.ports;
    const peers = await Promise.all(Array.from({ length: 20 }, () => client.connect(stalled)));
    for (const peer of peers) peer.socket.pause();
    const sent = randomBytes(1 << 20);
    for (let i = 0; i < 10; i++) expect(sum(await through(lively, sent))).toBe(sum(sent));
    for (const peer of peers) peer.reset();
  });

  test('F45 a connection to nothing is ended, and others go on', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:4444 0:${echo.port}`);
    const [nothing = 0, lively = 0] = forwarding.ports;
    await using living = await world.client.connect(lively);
    await using peer = await world.client.connect(nothing);
    await peer.ending();
    await forwarding.logged('a connection reached nothing');
    expect(forwarding.log).toContain('ECONNREFUSED');
    await living.send('still here');
    expect(await living.text(10)).toBe('still here');
  });

  test('F46 each direction ends by itself, whoever ends it first', async () => {
    const { client, server } = world;
    await using late = await server.serve((socket) => {
      const got: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => got.push(chunk));
      socket.on('end', () => socket.end(`got ${Buffer.concat(got).length}`));
    });
    const heard: string[] = [];
    await using early = await server.serve((socket) => {
      socket.end('goodbye');
      socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    });
    await using forwarding = await Forwarding.start(client, `-t server -c 0:${late.port} 0:${early.port}`);
    const [first = 0, second = 0] = forwarding.ports;
    expect((await through(first, Buffer.alloc(100_000))).toString()).toBe('got 100000');
    await using peer = await client.connect(second);
    expect(await peer.text()).toBe('goodbye');
    await peer.send('one more thing');
    await until('the end that has ended first hears on', () => heard.join('') === 'one more thing');
  });

  test('F44 a thousand connections at once, each with its own bytes', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    const peers = await Promise.all(Array.from({ length: 1_000 }, () => world.client.connect(forwarding.port)));
    const answers = await Promise.all(
      peers.map(async (peer, index) => {
        await peer.send(`connection ${index}`.padEnd(32));
        return (await peer.text(32)).trim();
      }),
    );
    expect(answers).toEqual(peers.map((_, index) => `connection ${index}`));
    for (const peer of peers) peer.reset();
    await until('the far end has let go of all', async () => {
      const { wormholes } = await world.server.daemon.get<{ wormholes: { stats: { connectionsOpen: number } }[] }>(
        '/v1/wormholes',
      );
      return wormholes.every(({ stats }) => stats.connectionsOpen === 0);
    });
  });

  test('F49 two programs are independent: the end of one is nothing to the other', async () => {
    const one = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    await using other = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    await using peer = await world.client.connect(other.port);
    await peer.send('before');
    expect(await peer.text(6)).toBe('before');
    expect(await one.stop('SIGKILL')).toBe(null);
    await peer.send('after.');
    expect(await peer.text(6)).toBe('after.');
  });

  test('F50 quiet says nothing, verbose a line for each connection', async () => {
    const quiet = await Forwarding.start(world.client, `-q -t server -c 0:${echo.port}`);
    await through(quiet.port, 'x');
    expect(await quiet.stop('SIGINT')).toBe(0);
    expect(quiet.log).toBe('');
    await using loud = await Forwarding.start(world.client, `-v -t server -c 0:${echo.port}`);
    await through(loud.port, 'hello');
    await loud.logged('bytesIn=5 bytesOut=5');
    expect(loud.log).toContain('linked with server');
  });
});
