/**
 * The other direction of `wormhole forward`, and what it may not do.
 *
 *     server's client ─► wormholed :server, listening ═══ link ═══ forward ─► target in the client's network
 */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Belongings } from '../support/daemon.ts';
import { Forwarding } from '../support/forwarding.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';
import { until } from '../support/relay-wait.ts';

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const root = process.getuid?.() === 0;
if (!root) console.log('forward-reverse.test.ts is skipped: needs root');

describe.skipIf(!root)('forward -R', () => {
  let world: Hosts & { readonly client: Host; readonly server: Host };
  const laptop = new Belongings();
  let echo: ServerThere;
  beforeAll(async () => {
    const config = `peers: {laptop: {key-file: ${laptop.keyFile}, policy: {verbs: [dial, listen], targets: [{cidr: 127.0.0.1, ports: 4200-4299}], listen: [{cidr: 127.0.0.1, ports: 4300-4399}]}}}`;
    world = await Hosts.start({ hosts: { client: { down: true, nat: true }, server: { config } } });
    world.client.knows('only-here', '127.0.0.1');
    echo = await world.client.serve((socket) => void socket.pipe(socket));
  });
  afterAll(async () => {
    await echo?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
    laptop[Symbol.dispose]();
  });

  test('F53 T9 a port there leads to a name that is known here, though nobody could dial this host', async () => {
    await using _ = await Forwarding.start(world.client, `-t server -R 4150:only-here:${echo.port}`);
    await using peer = await world.server.connect(4150);
    const sent = randomBytes(8 << 20);
    peer.finish(sent);
    expect(sum(await peer.readAll())).toBe(sum(sent));
    const outside = { host: world.server.site.v4, port: 4150 };
    await expect(world.server.connect(outside)).rejects.toThrow('ECONNREFUSED');
  });

  test('F53 the address to listen on may be given, and the port is free when the program has ended', async () => {
    const { client, server } = world;
    const forwarding = await Forwarding.start(client, `-t server -R ${server.site.v4}:4151:${echo.port}`);
    await using peer = await server.connect({ host: server.site.v4, port: 4151 });
    peer.finish('hello');
    expect(await peer.text()).toBe('hello');
    expect(await forwarding.stop()).toBe(0);
    await until('nobody listens there any more', async () => {
      const again = await server.connect({ host: server.site.v4, port: 4151 }).catch(() => undefined);
      again?.reset();
      return again === undefined;
    });
  });

  test('F53 F46 server-first and half-close: each direction ends by itself', async () => {
    await using first = await world.client.serve((socket) => {
      socket.write('banner');
      socket.on('end', () => socket.end(' bye')).resume();
    });
    await using _ = await Forwarding.start(world.client, `-t server -R 4152:${first.port}`);
    await using peer = await world.server.connect(4152);
    expect(await peer.text(6)).toBe('banner');
    peer.finish();
    expect(await peer.text()).toBe(' bye');
  });

  test('F45 a connection that reaches nothing here is ended there', async () => {
    await using _ = await Forwarding.start(world.client, '-t server -R 4153:4444');
    await using peer = await world.server.connect(4153);
    await peer.ending();
  });

  test('T1 who does not hold the key gets nothing, and hears why', async () => {
    expect(await Forwarding.fails(world.client, `-K ${laptop.keyFile} -t server -c 4160:80`)).toBe(
      '77 WH_ERR_PEER_AUTH',
    );
    expect(await Forwarding.fails(world.client, '-K /nonexistent -t server -c 4160:80')).toBe('78 WH_ERR_KEY_FILE');
  });

  test.each(['-c 0:9999', '-c 0:169.254.169.254:80', '-c 0:[::ffff:169.254.169.254]:80', '-R 9999:80'])(
    'T1 A5 A6 the key does not open what commands the machine: %s',
    async (words) => {
      expect(await Forwarding.fails(world.client, `-t server ${words}`)).toBe('77 WH_ERR_POLICY');
    },
  );

  test('T1 A9 a program with a key of its own may what its policy says, and nothing else', async () => {
    const { client, server } = world;
    const as = `-t server -K ${laptop.keyFile} --as laptop`;
    await using there = await server.serve((socket) => void socket.end('there'), { port: 4200 });
    await using forwarding = await Forwarding.start(client, `${as} -c 0:${there.port} -R 4300:${echo.port}`);
    await using out = await client.connect(forwarding.port);
    expect(await out.text()).toBe('there');
    await using back = await server.connect(4300);
    back.finish('here');
    expect(await back.text()).toBe('here');
    expect(await Forwarding.fails(client, `${as} -c 0:22`)).toBe('77 WH_ERR_POLICY');
    expect(await Forwarding.fails(client, `${as} -R 4400:22`)).toBe('77 WH_ERR_POLICY');
    expect(await Forwarding.fails(client, `${as} -R 0.0.0.0:4301:22`)).toBe('77 WH_ERR_POLICY');
    expect(await Forwarding.fails(client, `${as} -c 0:container/db:4200`)).toBe('77 WH_ERR_POLICY');
  });

  test.each([
    ['-t server -c 70000:80', '64 WH_ERR_USAGE'],
    ['-c 8080 -t unix:///x', '64 WH_ERR_USAGE'],
    ['-t server', '64 WH_ERR_USAGE'],
    ['-t server --resume 30 -c 80', '64 WH_ERR_USAGE'],
    ['-t nowhere.invalid -c 4170:80', '68 WH_ERR_NAME_NOT_RESOLVED'],
    ['-t server:9 -c 4170:80', '69 WH_ERR_PEER_UNREACHABLE'],
    ['-t server -c 203.0.113.1:4170:80', '73 WH_ERR_LISTEN'],
    ['-t server -c 0:nowhere.invalid:80', '68 WH_ERR_NAME_NOT_RESOLVED'],
  ])('T6 %s ends with %s', async (words, ending) => {
    expect(await Forwarding.fails(world.client, words)).toBe(ending);
  });

  test('T6 a port that is taken, here or there, ends with 73', async () => {
    await using taken = await world.server.serve((socket) => void socket.end());
    expect(await Forwarding.fails(world.client, `-t server -c ${echo.port}:80`)).toBe('73 WH_ERR_LISTEN');
    expect(await Forwarding.fails(world.client, `-t server -R ${taken.port}:80`)).toBe('73 WH_ERR_LISTEN');
  });
});
