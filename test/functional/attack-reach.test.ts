/**
 * A4: the control API as containers see it, however open its port.
 *
 *     bridge container ──172.29.0.1:9999──┐
 *     host-network container ─127.0.0.1───┼──► wormholed -H :9999; its socket is a file that no container has
 *     container of a wormhole's head ─────┘
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { DockerHost } from '../support/docker-host.ts';
import { reach } from '../support/local.ts';
import { Netns } from '../support/netns.ts';
import { ownEngine } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const request = String.raw`GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

describe.skipIf(missing !== undefined)('A4: the control API from containers', () => {
  const host = ownEngine();
  const start = (...flags: string[]): Promise<Daemon> => Daemon.start({ flags, env: { DOCKER_HOST: host().address } });
  /** What a container is told at `address`, in two seconds; with the exit code of its client. */
  const tell = (container: string, address: string): Promise<string> =>
    host().sh(container, `printf '${request}' | nc -w 2 ${address} 9999; echo exit=$?`);

  test('by default there is nothing at the gateway, and only a locked door on the network of the host', async () => {
    await using daemon = await start();
    await host().run({ name: 'bridged' });
    await host().run({ name: 'near', network: 'host' });
    expect(await tell('bridged', '172.29.0.1')).toBe('exit=1');
    expect(await reach(9999)).toBe('connected');
    expect(await tell('near', '127.0.0.1')).not.toContain('HTTP');
    expect((await daemon.wormhole('ping')).code).toBe(0);
  });

  test('with the port open to all: a door without an answer, for both', async () => {
    await using daemon = await start('-H', ':9999');
    await host().run({ name: 'bridged' });
    await host().run({ name: 'near', network: 'host' });
    for (const [container, address] of [
      ['bridged', '172.29.0.1'],
      ['near', '127.0.0.1'],
      ['near', '172.29.0.1'],
    ] as const) {
      const said = await tell(container, address);
      expect(said).not.toContain('HTTP');
      expect(said).not.toContain(daemon.of.key);
    }
    // It was the daemon that they reached, and it told on them.
    await daemon.logged('control port');
    expect((await daemon.wormhole('ls')).code).toBe(0);
  });

  test('no container has the socket: none of ours is abstract, none is in its file system', async () => {
    await using daemon = await start();
    await host().run({ name: 'near', network: 'host' });
    const { id } = await daemon.create(`url unix://${daemon.of.folder}/head.sock tail docker-ns near url :80`);
    expect(id).not.toBe('');
    const mine = new Set(
      readdirSync(`/proc/${daemon.pid}/fd`).map((fd) => {
        try {
          return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${daemon.pid}/fd/${fd}`))?.[1];
        } catch {
          return undefined; // closed meanwhile
        }
      }),
    );
    // Num RefCount Protocol Flags Type St Inode Path
    const named = readFileSync(`/proc/${daemon.pid}/net/unix`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => mine.has(fields[6]) && fields[7] !== undefined)
      .map((fields) => fields[7] as string);
    expect(named.length).toBeGreaterThanOrEqual(2);
    expect(named.filter((path) => !path.startsWith('/'))).toEqual([]);
    expect(await host().sh('near', `ls ${daemon.of.folder} 2>&1 || true`)).toContain('No such file');
    // What a container on the host's network can list is paths, not doors.
    expect(await host().sh('near', 'cat /proc/net/unix')).not.toMatch(/@.*wormhole/);
  });

  test("a head inside a container's namespace opens nothing but itself there", async () => {
    await using daemon = await start();
    await host().run({ name: 'app' });
    const before = await listeners('app');
    await daemon.create('url :3306 docker-ns app tail url :1');
    expect(await listeners('app')).toBe(before + 1);
    expect(await Netns.ofProcess(await host().pid('app')).visit(() => reach(9999))).toBe('ECONNREFUSED');
  });

  /** TCP sockets in a container that listen. */
  async function listeners(container: string): Promise<number> {
    const pid = await host().pid(container);
    const lines = ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n'));
    return lines.filter((line) => /^ *\d+: \S+ \S+ 0A /.test(line)).length;
  }
});
