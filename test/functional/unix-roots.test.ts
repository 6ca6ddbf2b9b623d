/**
 * Unix heads and targets inside the root of a container: a process with a mount namespace and a root of its own.
 *
 *     client ──► /proc/PID/root/run/head.sock ══ plane ══► echo, on the host or in the root
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openUnixListener } from '../../src/proxy/head/unix-listener.ts';
import { startDataPlane } from '../../src/proxy/plane.ts';
import type { DataPlane, RootDirectory, UpstreamTarget } from '../../src/proxy/route.ts';
import { O_DIRECTORY, O_PATH } from '../../src/sys/constants.ts';
import { openDescriptors } from '../support/descriptors.ts';
import { connectTo } from '../support/relay-peer.ts';
import { echoServer, namedServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { compileWorker } from '../support/relay-worker.ts';
import { RelayWorld } from '../support/relay-world.ts';

const BUSYBOX = '/bin/busybox';
const missing =
  process.getuid?.() !== 0 ? 'a root of its own takes root' : existsSync(BUSYBOX) ? undefined : `no ${BUSYBOX}`;
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('in the root of a container', () => {
  let worker: ReturnType<typeof compileWorker> | undefined;
  let plane: DataPlane;
  let directory: string;
  let container: ChildProcess;
  let inside: string;
  let root: RootDirectory;

  beforeAll(async () => {
    worker = compileWorker();
    plane = await startDataPlane({ workers: 2, workerUrl: worker.url });
  });
  afterAll(async () => {
    await plane[Symbol.asyncDispose]();
    worker?.[Symbol.dispose]();
  });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wh-roots-'));
    const image = join(directory, 'image');
    for (const folder of ['bin', 'run', 'proc']) mkdirSync(join(image, folder), { recursive: true });
    copyFileSync(BUSYBOX, join(image, 'bin/busybox'));
    container = spawn('unshare', ['--mount', `--root=${image}`, '/bin/busybox', 'sleep', '600'], { stdio: 'ignore' });
    inside = `/proc/${container.pid}/root`;
    await until('it has changed its root', () => existsSync(`${inside}/bin/busybox`) && !existsSync(`${inside}/usr`));
    root = { fd: openSync(inside, O_PATH | O_DIRECTORY) };
  });
  afterEach(async () => {
    closeSync(root.fd);
    container.kill('SIGKILL');
    await once(container, 'close');
    rmSync(directory, { recursive: true });
  });

  const target = (path: string): UpstreamTarget => ({
    member: 0,
    label: 'inside',
    address: { kind: 'unix', path, root },
  });

  test('a head leads out to the host', async () => {
    await using echo = await echoServer();
    await using world = await RelayWorld.open(plane, [echo]);
    symlinkSync('/run', join(directory, 'image/var-run'));
    using listener = openUnixListener({ path: '/var-run/head.sock', root, mode: 0o666 });
    await world.route.listen(listener.socket);
    await using client = await connectTo({ path: `${inside}/run/head.sock` });
    client.finish('from inside');
    expect(await client.text()).toBe('from inside');
  });

  test('a head is removed with its route, and the container goes on without it', async () => {
    const listener = openUnixListener({ path: '/run/head.sock', root });
    expect(readdirSync(`${inside}/run`)).toEqual(['head.sock']);
    listener[Symbol.dispose]();
    expect(readdirSync(`${inside}/run`)).toEqual([]);
  });

  test('a target is dialed where the container sees it, by an absolute link, too', async () => {
    await using echo = await echoServer({ path: join(directory, 'image/run/echo.sock') });
    symlinkSync('/run/echo.sock', join(directory, 'image/echo'));
    expect(echo.accepted).toBe(0);
    for (const path of ['/run/echo.sock', '/echo', '/../echo']) {
      await using world = await RelayWorld.open(plane, [target(path)]);
      const client = await world.connect();
      client.finish('hello');
      expect(await client.text()).toBe('hello');
    }
    expect(echo.accepted).toBe(3);
  });

  test('a link to a socket of the host is not followed there (A33)', async () => {
    const hosts = join(directory, 'host.sock');
    await using host = await namedServer('the host', { path: hosts });
    symlinkSync(hosts, join(directory, 'image/escape'));
    await using world = await RelayWorld.open(plane, [target('/escape')], { connectTimeoutMs: 200 });
    const client = await world.connect();
    expect(await client.ending()).toMatch(/eof|ECONNRESET/);
    expect(await world.record()).toMatchObject({ reason: 'dial-failed', detail: 'inside: ENOENT' });
    expect(host.accepted).toBe(0);
  });

  test('dialing and failing there costs no descriptors', async () => {
    await using echo = await echoServer({ path: join(directory, 'image/run/echo.sock') });
    await using world = await RelayWorld.open(plane, [target('/run/echo.sock')]);
    const round = async (): Promise<void> => {
      const client = await world.connect();
      client.finish('x');
      expect(await client.text()).toBe('x');
      await client[Symbol.asyncDispose]();
    };
    await round();
    await until('the first has ended', () => world.records.length === 1);
    const before = openDescriptors();
    for (let i = 0; i < 100; i++) await round();
    await until('all have ended', () => world.records.length === 101);
    await until('nothing is left open', () => openDescriptors() <= before);
    expect(echo.accepted).toBe(101);
  });
});
