/**
 * `wormhole forward` when things break: the network, the daemon, the program itself.
 *
 *     client: forward ─► relay that can lose and cut ─► wormholed :server
 */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WormholeList } from '../../src/spec/api.ts';
import { Forwarding } from '../support/forwarding.ts';
import type { HalfOpenRelay } from '../support/half-open-relay.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';
import { until } from '../support/relay-wait.ts';

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const root = process.getuid?.() === 0;
if (!root) console.log('forward-breaks.test.ts is skipped: needs root');

describe.skipIf(!root)('forward, when something breaks', () => {
  let world: Hosts & { readonly client: Host; readonly server: Host };
  let relay: HalfOpenRelay;
  let echo: ServerThere;
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { client: { down: true }, server: {} } });
    relay = await world.relay('client', 'server');
    echo = await world.server.serve((socket) => void socket.pipe(socket));
  });
  afterAll(async () => {
    await echo?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  const hello = async (port: number): Promise<string> => {
    await using peer = await world.client.connect(port);
    peer.finish('hello');
    return await peer.text();
  };
  const guests = async (): Promise<string[]> =>
    (await world.server.daemon.get<WormholeList>('/v1/wormholes')).wormholes.map(({ id }) => id);

  test('F48 a transfer goes on where it was, however often its connection is cut', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    const sent = randomBytes(16 << 20);
    await using peer = await world.client.connect(forwarding.port);
    const answer = peer.readAll();
    for (let at = 0; at < sent.length; at += 4 << 20) {
      await peer.send(sent.subarray(at, at + (4 << 20)));
      relay.cut();
    }
    peer.finish();
    expect(sum(await answer)).toBe(sum(sent));
    await forwarding.logged('goes on over another connection');
  });

  test('F48 fifty transfers at once outlive twenty cuts, every byte in its place', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    const peers = await Promise.all(Array.from({ length: 50 }, () => world.client.connect(forwarding.port)));
    const sent = peers.map(() => randomBytes(20 << 15));
    const answers = peers.map((peer) => peer.readAll());
    for (let cut = 0; cut < 20; cut++) {
      const part = (bytes: Buffer): Buffer => bytes.subarray(cut << 15, (cut + 1) << 15);
      await Promise.all(peers.map((peer, index) => peer.send(part(sent[index] as Buffer))));
      relay.cut();
    }
    for (const peer of peers) peer.finish();
    expect((await Promise.all(answers)).map(sum)).toEqual(sent.map(sum));
  });

  test('F48 R4 a network that swallows everything is found out, and nothing is lost when it is back', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    await using peer = await world.client.connect(forwarding.port);
    await peer.send('one');
    expect(await peer.text(3)).toBe('one');
    relay.lose();
    await peer.send('two');
    await forwarding.logged('the connection broke');
    relay.carry();
    relay.cut();
    expect(await peer.text(3)).toBe('two');
  });

  test('F47 a daemon that restarts ends connections, and new ones go through the same port', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port} -R 4100:${echo.port}`);
    await using peer = await world.client.connect(forwarding.port);
    await peer.send('x');
    expect(await peer.text(1)).toBe('x');
    await world.server.daemon.stop('SIGKILL');
    await world.server.up();
    expect(await peer.ending()).not.toBe('');
    expect(await hello(forwarding.port)).toBe('hello');
    await until('it listens there again', async () => (await guests()).length === 2);
  });

  test('F47 with --retry it may begin before the daemon', async () => {
    await world.server.daemon.stop();
    await using forwarding = Forwarding.begin(world.client, `--retry -t server -c 0:${echo.port}`);
    await forwarding.logged('not yet: ');
    await world.server.up();
    await forwarding.ready();
    expect(await hello(forwarding.port)).toBe('hello');
  });

  test('T6 a daemon that stays away ends it, with the reason in its exit code', async () => {
    const forwarding = await Forwarding.start(world.client, `--resume 200ms -t server -c 0:${echo.port}`);
    await world.server.daemon.stop();
    const { code, stderr } = await forwarding.ended;
    expect(`${code} ${stderr}`).toMatch(/^69 [\s\S]*the link is over[\s\S]*\[WH_ERR_PEER_UNREACHABLE\]\n$/);
    await world.server.up();
  });

  test('T4 R3 of a program that was killed nothing is left there, and its port is free again', async () => {
    const killed = await Forwarding.start(world.client, `--resume 1s -t server -c 0:${echo.port} -R 4101:${echo.port}`);
    await using peer = await world.client.connect(killed.port);
    await peer.send('x');
    await peer.text(1);
    await killed.stop('SIGKILL');
    await until('the daemon has let go of it', async () => (await guests()).length === 0);
    await using next = await Forwarding.start(world.client, `-t server -c 0:${echo.port} -R 4101:${echo.port}`);
    expect(await hello(next.port)).toBe('hello');
  });

  test('a mapping that people delete over there is asked for again by the next connection', async () => {
    await using forwarding = await Forwarding.start(world.client, `-t server -c 0:${echo.port}`);
    expect(await hello(forwarding.port)).toBe('hello');
    const [guest = ''] = await guests();
    expect((await world.server.daemon.wormhole('delete', guest)).code).toBe(0);
    await forwarding.logged('is deleted there');
    expect(await hello(forwarding.port)).toBe('hello');
    await forwarding.logged('is up there');
  });

  test('R15 R16 an interrupt lets connections end, and takes no new ones', async () => {
    const forwarding = await Forwarding.start(world.client, `--drain 1m -t server -c 0:${echo.port}`);
    const peer = await world.client.connect(forwarding.port);
    await peer.send('before');
    await peer.text(6);
    const ended = forwarding.stop('SIGINT');
    await forwarding.logged('waiting for connections to end');
    await until('it takes no more', async () => {
      try {
        await using _early = await world.client.connect(forwarding.port);
        return false;
      } catch (error) {
        return String(error).includes('ECONNREFUSED');
      }
    });
    peer.finish('after');
    expect(await peer.text()).toBe('after');
    expect(await ended).toBe(0);
  });
});
