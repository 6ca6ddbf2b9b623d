/**
 * The session of wgtunnel: wg-up --demo on one host, wg-join --demo on another, and nothing of it left afterwards.
 *
 *     container that serves ── a (its own key) ── router ── b (its own key) ── container that fetches
 */
import { describe, expect, test } from 'vitest';
import type { PeerList, TunnelList, WormholeList } from '../../src/spec/api.ts';
import { DockerHost } from '../support/docker-host.ts';
import { importBusybox } from '../support/docker-image.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { patience } from '../support/patience.ts';
import { program, type Running } from '../support/program.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const lacks = DockerHost.missing() ?? (await tunnelTypes()).find(({ flags }) => flags.includes('wireguard'))?.lacks;
if (lacks !== undefined) console.log(`wg-up --demo and wg-join --demo are left out: ${lacks}`);

const wait = { timeout: 30_000 * patience, interval: 100 };
const hosts = { a: { engine: true, key: 'a'.repeat(40) }, b: { engine: true, key: 'b'.repeat(40) } };

/** Where the ports of the host are. */
const cli = (host: Host, words: readonly string[], stdin?: string): Running =>
  host.start([program('wormhole'), '--socket', host.belongings.socket, ...words], stdin === undefined ? {} : { stdin });

const up = (host: Host, ...words: readonly string[]): Running =>
  cli(host, ['wg-up', '--demo', '--endpoint', host.site.v4, ...words]);

const withBusybox = (host: Host): Promise<void> => importBusybox('busybox', (words) => host.engine.docker(words));

/** What a demonstration leaves here. */
async function traces(host: Host): Promise<unknown> {
  const { wormholes } = await host.daemon.get<WormholeList>('/v1/wormholes');
  const { tunnels } = await host.daemon.get<TunnelList>('/v1/tunnels');
  const { peers } = await host.daemon.get<PeerList>('/v1/peers');
  const containers = await host.engine.docker(['ps', '--all', '--quiet']);
  const { stdout: links } = await host.run(['ip', '-brief', 'link']);
  return [wormholes, tunnels, peers, containers, /^wh/m.test(links)];
}
const nothing = [[], [], [], '', false];

describe.skipIf(lacks !== undefined)('wg-up --demo and wg-join --demo', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'F80 F81 F82 F83 F85 F86 XT19 show the address of the client to the server, and leave nothing after %s',
    async (signal) => {
      await using world = await Hosts.start({ hosts });
      const { a, b } = world;
      await withBusybox(a);
      const server = up(a);
      await expect.poll(() => server.output.stdout, wait).toMatch(/^wormhole1\.\S+\n$/);
      const image = ['--demo-image', '--stop-signal KILL wormhole/test'];
      const client = cli(b, ['wg-join', '--demo', ...image], server.output.stdout);
      await expect.poll(() => client.output.stderr, wait).toContain('docker exec');
      const [, local, remote, seen] =
        /^(\S+) (\S+)\nhello from wg-demo-\S+, you are (\S+)\n$/.exec(client.output.stdout) ?? [];
      expect(seen, client.output.stdout).toBe(local);
      await expect.poll(() => server.output.stderr, wait).toContain(`has come, from ${local}`);
      expect(server.output.stderr).toContain(`http://${remote}:80/`);
      // As it says how to do it once more.
      const [, name = '', ...again] = /docker exec (\S+) (.+)/.exec(client.output.stderr)?.slice(0) ?? [];
      expect(await b.engine.docker(['exec', name, ...(again[0] ?? '').split(' ')])).toContain(`you are ${local}`);
      expect(server.output.stderr).not.toContain(server.output.stdout.trim());
      client.child.kill(signal);
      expect(await client.ended).toMatchObject({ code: 0 });
      expect(await server.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('the tunnel was removed') });
      expect([await traces(a), await traces(b)]).toEqual([nothing, nothing]);
    },
  );

  test('F85 end also when somebody came and went while nobody looked', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b } = world;
    await Promise.all([withBusybox(a), withBusybox(b)]);
    const server = up(a);
    await expect.poll(() => server.output.stderr, wait).toContain('waits for it');
    server.child.kill('SIGSTOP');
    const client = cli(b, ['wg-join', '--demo'], server.output.stdout);
    await expect.poll(() => client.output.stderr, wait).toContain('docker exec');
    client.child.kill('SIGINT');
    expect(await client.ended).toMatchObject({ code: 0 });
    server.child.kill('SIGCONT');
    expect(await server.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('somebody has come') });
    expect([await traces(a), await traces(b)]).toEqual([nothing, nothing]);
  });

  test('F83 F85 leave nothing when nobody has come, and the token is void', async () => {
    await using world = await Hosts.start({ hosts });
    const { a, b } = world;
    await withBusybox(a);
    const server = up(a);
    await expect.poll(() => server.output.stderr, wait).toContain('waits for it');
    server.child.kill('SIGINT');
    expect(await server.ended).toMatchObject({ code: 0 });
    const late = await cli(b, ['wg-join'], server.output.stdout).ended;
    expect(late).toMatchObject({ code: 77, stderr: expect.stringContaining('WH_ERR_PEER_AUTH') });
    expect([await traces(a), await traces(b)]).toEqual([nothing, nothing]);
  });

  test('F83 download nothing, and say what is missing', async () => {
    await using world = await Hosts.start({ hosts: { ...hosts, b: { key: hosts.b.key } } });
    const { a, b } = world;
    const absent = await up(a).ended;
    expect(absent).toMatchObject({ code: 66, stdout: '', stderr: expect.stringContaining('WH_ERR_IMAGE_NOT_FOUND') });
    expect(absent.stderr).toContain('nothing is downloaded unasked');
    expect(await up(b).ended).toMatchObject({ code: 69, stderr: expect.stringContaining('WH_ERR_DOCKER_UNAVAILABLE') });
    const named = await up(a, '--demo-image', '--name mine busybox').ended;
    expect(named).toMatchObject({ code: 64, stderr: expect.stringContaining('--name') });
    const alone = await a.daemon.wormhole('wg-up', '--demo-port', '80');
    expect(alone).toMatchObject({ code: 64, stderr: expect.stringContaining('--demo') });
    expect(await traces(a)).toEqual(nothing);
  });
});
