/**
 * Unix heads against whoever shares their directory, and inside the root of a container.
 *
 *     attacker (another user) ─ renames, links, connects ─► 0777 directory ◄─ head
 *     client ──► /proc/PID/root/run/head.sock ══ plane ══► echo, on the host or in the root
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startDataPlane } from '../../src/proxy/plane.ts';
import type { DataPlane, RootDirectory, UpstreamTarget } from '../../src/proxy/route.ts';
import { openUnixListener } from '../../src/proxy/unix-listener.ts';
import { O_DIRECTORY, O_PATH } from '../../src/sys/constants.ts';
import { connectTo } from '../support/relay-peer.ts';
import { echoServer, namedServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { compileWorker } from '../support/relay-worker.ts';
import { RelayWorld } from '../support/relay-world.ts';

const BUSYBOX = '/bin/busybox';
const missing =
  process.getuid?.() !== 0 ? 'acting as other users takes root' : existsSync(BUSYBOX) ? undefined : `no ${BUSYBOX}`;
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** Somebody without any right but that of a member of {@link GROUP}. */
const [STRANGER, GROUP] = [65_533, 65_532];

let directory: string;
let children: ChildProcess[];
beforeEach(() => {
  children = [];
  directory = mkdtempSync(join(tmpdir(), 'wh-heads-'));
  chmodSync(directory, 0o755);
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  rmSync(directory, { recursive: true });
});

function start(program: string, words: readonly string[]): ChildProcess & { readonly said: () => string } {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return Object.assign(child, { said: () => said });
}

/** Runs Python as the stranger. */
function stranger(script: string, ...words: readonly string[]): ReturnType<typeof start> {
  // Imports come first: the stranger may not be let into the interpreter's folder.
  const drop = `import os, socket, sys\nos.setgroups([])\nos.setgid(${GROUP})\nos.setuid(${STRANGER})\n`;
  return start('python3', ['-c', drop + script, ...words]);
}

/** Puts a symlink to the victim over the first name of every new head: one call each, for there is little time. */
const SWAP = `
place, victim = sys.argv[1:3]
os.chdir(place)
ready = "../links/link"
print("ready", flush=True)
os.symlink(victim, ready)
while True:
    for name in os.listdir("."):
        if name.endswith(".wormhole"):
            try:
                os.rename(ready, name)
                os.symlink(victim, ready)
                print("swapped", flush=True)
            except OSError:
                pass
`;

/** Connects to whatever is there. */
const KNOCK_ALWAYS = `
os.chdir(sys.argv[1])
print("ready", flush=True)
while True:
    for name in os.listdir("."):
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(name)
            print("connected", flush=True)
        except OSError as error:
            print("refused" if name.endswith(".wormhole") else "kept out", flush=True)
        client.close()
`;

const count = (text: string, line: string): number => text.split('\n').filter((one) => one === line).length;

describe.skipIf(missing !== undefined)('a head in a directory that everybody may write (A33)', () => {
  let open: string;
  beforeEach(() => {
    open = join(directory, 'open');
    for (const folder of [open, join(directory, 'links')]) {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
    }
  });

  test('never gives its mode and owner to a file that was put in its place', async () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'secret', { mode: 0o600 });
    const attacker = stranger(SWAP, open, victim);
    await until('the attacker is there', () => attacker.said().includes('ready'));
    await until('the attacker has swapped often enough', () => {
      for (let i = 0; i < 200; i++) {
        try {
          openUnixListener({
            path: join(open, 'head.sock'),
            mode: 0o666,
            owner: { uid: STRANGER, gid: GROUP },
          })[Symbol.dispose]();
        } catch {
          // The attacker may prevent the head: the directory is his as well.
          rmSync(join(open, 'head.sock'), { force: true });
        }
      }
      return count(attacker.said(), 'swapped') >= 500;
    });
    expect(statSync(victim)).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(victim).mode & 0o777).toBe(0o600);
  });

  test('lets nobody in before it has its mode: not for a moment', async () => {
    const attacker = stranger(KNOCK_ALWAYS, open);
    await until('the attacker is there', () => attacker.said().includes('ready'));
    await until('the attacker has knocked at both names', () => {
      for (let i = 0; i < 200; i++) openUnixListener({ path: join(open, 'head.sock'), mode: 0o600 })[Symbol.dispose]();
      return ['refused', 'kept out'].every((line) => count(attacker.said(), line) >= 20);
    });
    expect(count(attacker.said(), 'connected')).toBe(0);
  });
});

describe.skipIf(missing !== undefined)('a head with a mode and an owner (A33)', () => {
  const KNOCK = `
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("connected", flush=True)
except OSError as error:
    print(error.strerror, flush=True)
`;

  test.each([
    [{ mode: 0o660, owner: { uid: 0, gid: GROUP } }, 'connected'],
    [{ mode: 0o600, owner: { uid: STRANGER, gid: 0 } }, 'connected'],
    [{ mode: 0o666 }, 'connected'],
    [{ mode: 0o660, owner: { uid: 0, gid: GROUP + 2 } }, 'Permission denied'],
    [{ mode: 0o600 }, 'Permission denied'],
    [{}, 'Permission denied'],
  ])('%o: another user is %s', async (rights, expected) => {
    const path = join(directory, 'head.sock');
    using _listener = openUnixListener({ path, ...rights });
    const child = stranger(KNOCK, path);
    await once(child, 'close');
    expect(child.said().trim()).toBe(expected);
  });
});

describe('the socket of a process that was killed', () => {
  test('is stale, and replaced', async () => {
    const path = join(directory, 'head.sock');
    const script = 'import socket,sys,time\ns=socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1]);s.listen()\n';
    const child = start('python3', ['-c', `${script}print("up",flush=True)\ntime.sleep(600)`, path]);
    await until('it listens', () => child.said() !== '');
    expect(() => openUnixListener({ path })).toThrow('another program listens there');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(lstatSync(path).isSocket()).toBe(true);
    using _listener = openUnixListener({ path });
    await using client = await connectTo({ path });
    expect(client.ended).toBeUndefined();
  });
});

describe.skipIf(missing !== undefined)('in the root of a container', () => {
  let worker: ReturnType<typeof compileWorker> | undefined;
  let plane: DataPlane;
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
    const image = join(directory, 'image');
    for (const folder of ['bin', 'run', 'proc']) mkdirSync(join(image, folder), { recursive: true });
    copyFileSync(BUSYBOX, join(image, 'bin/busybox'));
    const container = start('unshare', ['--mount', `--root=${image}`, '/bin/busybox', 'sleep', '600']);
    inside = `/proc/${container.pid}/root`;
    await until('it has changed its root', () => existsSync(`${inside}/bin/busybox`) && !existsSync(`${inside}/usr`));
    root = { fd: openSync(inside, O_PATH | O_DIRECTORY) };
  });
  afterEach(() => closeSync(root.fd));

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
    const open = (): number => readdirSync('/proc/self/fd').length;
    await until('the first has ended', () => world.records.length === 1);
    const before = open();
    for (let i = 0; i < 100; i++) await round();
    await until('all have ended', () => world.records.length === 101);
    await until('nothing is left open', () => open() <= before);
    expect(echo.accepted).toBe(101);
  });
});
