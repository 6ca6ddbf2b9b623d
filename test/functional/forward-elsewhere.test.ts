/**
 * `wormhole forward` where there is no Linux: the same program, told that it runs on macOS or Windows and left without any native
 * code, against a daemon of the usual kind. A system that really is another one is not to be had here.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Forwarding } from '../support/forwarding.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';
import { program } from '../support/program.ts';

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const root = process.getuid?.() === 0;
if (!root) console.log('forward-elsewhere.test.ts is skipped: needs root');
const preload = join(import.meta.dirname, '../support/elsewhere.mjs');

describe.skipIf(!root).each(['darwin', 'win32'])('forward on %s, as far as Node.js tells systems apart', (platform) => {
  const env = { ELSEWHERE: platform, NODE_OPTIONS: `--import ${preload}` };
  let world: Hosts & { readonly client: Host; readonly server: Host };
  let there: ServerThere;
  let here: ServerThere;
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { client: { down: true }, server: {} } });
    there = await world.server.serve((socket) => void socket.pipe(socket));
    here = await world.client.serve((socket) => void socket.pipe(socket));
  });
  afterAll(async () => {
    for (const one of [here, there, world]) await one?.[Symbol.asyncDispose]();
  });

  test('carries both ways what is dialed here and there, over a connection that is cut meanwhile, and ends well', async () => {
    const { client, server } = world;
    const forwarding = await Forwarding.start(client, `-t server -c 0:${there.port} -R 4150:${here.port}`, env);
    const sent = randomBytes(16 << 20);
    await using down = await client.connect(forwarding.port);
    await using up = await server.connect(4150);
    const got = [down, up].map(async (peer) => {
      peer.finish(sent);
      return sum(await peer.readAll());
    });
    const { stdout } = await server.daemon.wormhole('--json', 'peers');
    const [peer] = (JSON.parse(stdout) as { readonly peers: readonly { readonly name: string }[] }).peers;
    expect((await server.daemon.wormhole('kick', peer?.name ?? '')).code).toBe(0);
    expect(await Promise.all(got)).toEqual([sum(sent), sum(sent)]);
    expect(await forwarding.stop('SIGINT')).toBe(0);
  });

  test('tells by its exit code what went wrong, and what only a daemon of Linux has it says', async () => {
    const { client } = world;
    expect(await Forwarding.fails(client, `-t server:1 -c 0:${there.port}`, env)).toBe('69 WH_ERR_PEER_UNREACHABLE');
    const { code, stderr } = await client.run([program('wormhole'), 'ls'], { env });
    expect([code, stderr]).toEqual([69, expect.stringContaining('WH_ERR_DAEMON_UNREACHABLE')]);
  });
});
