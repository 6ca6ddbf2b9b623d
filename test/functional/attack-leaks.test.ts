/**
 * A30: what must not be kept alive, and by what it would be.
 *
 *     namespace ◄── name, wormhole's listener, its dialers, descriptors of children
 *
 * Whether a namespace is really gone shows in a cable: the kernel takes away the end in here with the one in there.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { DockerHost } from '../support/docker-host.ts';
import { ask } from '../support/local.ts';
import { Netns } from '../support/netns.ts';
import { echoServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { ownEngine, sharedDaemon } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const O_CLOEXEC = 0o2000000;

/** Lays a cable into the namespace of `target`, a pid or a name. @returns whether it still hangs there */
async function cable(target: string): Promise<() => boolean> {
  const [here, there] = ['a', 'b'].map((end) => `${end}${randomBytes(5).toString('hex')}`) as [string, string];
  await command('ip', ['link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', target]);
  return () => readFileSync('/proc/self/net/dev', 'utf8').includes(here);
}

/** Would a child of `pid` inherit it? What `pid` was itself left with by us does not count. */
function staysOpen(pid: number, fd: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
    if ((Number.parseInt(flags, 8) & O_CLOEXEC) !== 0) return false;
    const file = readlinkSync(`/proc/${pid}/fd/${fd}`);
    return !readdirSync('/proc/self/fd').includes(fd) || readlinkSync(`/proc/self/fd/${fd}`) !== file;
  } catch {
    return false; // closed meanwhile
  }
}

describe.skipIf(missing !== undefined)('A30: namespaces and descriptors', () => {
  const host = ownEngine();
  const daemon = sharedDaemon(() => ({ env: { DOCKER_HOST: host().address } }));

  /** Uses every way into a namespace: a head, a tail, datagrams, a connection each. */
  async function use(head: string, tail: string, visit: <T>(work: () => Promise<T>) => Promise<T>): Promise<string[]> {
    await using _echo = await visit(() => echoServer({ host: '127.0.0.1', port: 9500 }));
    await using _home = await echoServer({ host: '127.0.0.1', port: 9501 });
    const made = [
      await daemon().create(`id in url ${head} tail url :9501`),
      await daemon().create(`id out url :9503 tail url ${tail}`),
      await daemon().create(`id datagrams url udp://:9504 tail url ${tail}`),
    ];
    expect(await visit(() => ask(9502, 'x'))).toBe('x');
    expect(await ask(9503, 'x')).toBe('x');
    for (const { id } of made) await daemon().sees(id, 'quiet', ({ stats }) => stats.connectionsOpen === 0);
    return made.map(({ id }) => id);
  }

  test('ip netns del frees the namespace after delete', async () => {
    using blue = Netns.create();
    const hangs = await cable(blue.name);
    const ids = await use(`${blue.name}@:9502`, `${blue.name}@:9500`, (work) => blue.visit(work));
    expect((await daemon().wormhole('delete', ...ids)).code).toBe(0);
    expect(hangs()).toBe(true);
    blue[Symbol.dispose]();
    await until('the namespace is gone', () => !hangs());
  });

  test('ip netns del frees the namespace although wormholes name it; they take up its successor', async () => {
    using blue = Netns.create();
    const hangs = await cable(blue.name);
    await use(`${blue.name}@:9502`, `${blue.name}@:9500`, (work) => blue.visit(work));
    blue[Symbol.dispose]();
    await daemon().sees('in', 'waiting', ({ state }) => state === 'waiting');
    await until('the namespace is gone', () => !hangs());

    await command('ip', ['netns', 'add', blue.name]);
    try {
      await command('ip', ['-n', blue.name, 'link', 'set', 'lo', 'up']);
      await daemon().sees('in', 'up', ({ state }) => state === 'up');
      await using _home = await echoServer({ host: '127.0.0.1', port: 9501 });
      expect(await blue.visit(() => ask(9502, 'x'))).toBe('x');
      await daemon().wormhole('delete', '--now', 'in', 'out', 'datagrams');
    } finally {
      await command('ip', ['netns', 'delete', blue.name]);
    }
  });

  test('docker rm frees the namespace although wormholes name the container', async () => {
    await host().run({ name: 'web', network: 'none' });
    const pid = await host().pid('web');
    const inside = Netns.ofProcess(pid);
    const hangs = await cable(String(pid));
    await use('container:web@:9502', 'container:web@:9500', (work) => inside.visit(work));
    await host().docker(['rm', '--force', 'web']);
    await daemon().sees('out', 'waiting', ({ state }) => state === 'waiting');
    await until('the namespace is gone', () => !hangs());
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('in\nout\ndatagrams\n');
  });

  test('every descriptor of the daemon is close-on-exec, and it has no children that could have any', async () => {
    await host().run({ name: 'web', network: 'none' });
    await daemon().create('url :9502 docker-ns web tail url :9501');
    await daemon().create('tail url unix:///run/x.sock docker-ns web');
    const { pid } = daemon();
    const open = readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2);
    expect(open.length).toBeGreaterThan(20);
    expect(open.filter((fd) => staysOpen(pid, fd))).toEqual([]);
    const children = readdirSync(`/proc/${pid}/task`).map((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'),
    );
    expect(children.join('')).toBe('');
  });

  test('deleting wormholes leaves as many descriptors as before', async () => {
    await host().run({ name: 'web', network: 'none' });
    const count = (): number => readdirSync(`/proc/${daemon().pid}/fd`).length;
    const round = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) {
        const words = `id n${i} url :0 docker-ns web tail url :80 docker-ns web`.split(' ');
        expect((await daemon().post({ words })).status).toBe(201);
      }
      const ids = Array.from({ length: n }, (_, i) => `n${i}`);
      expect((await daemon().wormhole('delete', '--now', ...ids)).code).toBe(0);
    };
    await round(5);
    const before = count();
    await round(30);
    await until(`descriptors are ${before} again`, () => count() <= before);
  });
});
