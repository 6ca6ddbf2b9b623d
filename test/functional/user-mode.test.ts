/** `wormholed --user-mode`: a daemon without any privilege, with its files in directories of its user. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Netns } from '../support/netns.ts';
import { type Ended, program, type Running, start, wormhole } from '../support/program.ts';
import { connectTo } from '../support/relay-peer.ts';
import { until } from '../support/relay-wait.ts';

const root = process.getuid?.() === 0;
if (!root) console.log('user-mode.test.ts is skipped: needs root, to give all of it up');

describe.skipIf(!root)('wormholed --user-mode', () => {
  const home = mkdtempSync(join(tmpdir(), 'wormhole-home-'));
  const runtime = join(home, 'run');
  const socket = join(runtime, 'wormhole/wormhole.sock');
  const key = join(home, '.config/wormhole/key.secret');
  /** Where the daemon of a whole machine has its files; one may be installed here. */
  const ofMachine = ['/etc/wormhole', '/run/wormhole', '/var/lib/wormhole'];
  const changes = (): (number | undefined)[] =>
    ofMachine.map((path) => statSync(path, { throwIfNoEntry: false })?.ctimeMs);
  let before: readonly unknown[];
  let daemon: Running;
  let echo: Server;
  beforeAll(async () => {
    before = changes();
    mkdirSync(runtime, { mode: 0o700 });
    // Its user cannot be another one than that of these files; but nothing of root is left of it.
    const powerless = ['--pdeathsig=KILL', '--bounding-set=-all', '--inh-caps=-all', '--'];
    daemon = start('setpriv', [...powerless, program('wormholed'), '--user-mode'], {
      env: { HOME: home, XDG_RUNTIME_DIR: runtime, DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    });
    await until('it is ready', () => {
      if (daemon.child.exitCode !== null) throw new Error(daemon.output.stdout + daemon.output.stderr);
      return daemon.output.stdout.includes('"msg":"ready"');
    });
    echo = createServer({ allowHalfOpen: true }, (one) => void one.pipe(one));
    await new Promise<void>((resolve) => echo.listen(4500, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    daemon.child.kill('SIGTERM');
    await daemon.ended;
    echo.close();
    rmSync(home, { recursive: true });
  });

  const ask = (...words: readonly string[]): Promise<Ended> => wormhole(['--socket', socket, ...words]);

  test('its socket, its state and the key that it makes are in directories of its user', () => {
    expect(statSync(socket).isSocket()).toBe(true);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, '.local/state/wormhole')).mode & 0o777).toBe(0o700);
    expect(changes()).toEqual(before);
  });

  test('F40 it serves `forward`, out and back, and makes wormholes of its own', async () => {
    const words = ['-t', '127.0.0.1', '-c', '4501:4500', '-R', '4502:4500'];
    const forwarding = start(program('wormhole'), ['forward', '-K', key, ...words]);
    await until('its ports are open', () => forwarding.output.stdout.includes('4502 at'));
    expect((await ask('create', 'url', ':4503', 'tail', 'url', ':4500')).code).toBe(0);
    for (const port of [4501, 4502, 4503]) {
      await using peer = await connectTo({ host: '127.0.0.1', port });
      peer.finish(`through ${port}`);
      expect(await peer.text()).toBe(`through ${port}`);
    }
    forwarding.child.kill('SIGTERM');
    expect((await forwarding.ended).code).toBe(0);
  });

  test('what needs root is refused, and the reason told', async () => {
    using netns = Netns.create();
    const named = await ask('create', 'url', ':4504', 'tail', 'url', `${netns.name}@127.0.0.1:80`);
    expect(`${named.code} ${named.stderr}`).toMatch(/^71 .*cannot be entered \(EPERM\); wormholed must run as root/);
    const low = await ask('create', 'url', ':80', 'tail', 'url', ':4500');
    expect(`${low.code} ${low.stderr}`).toMatch(/^73 .*ports below 1024 need CAP_NET_BIND_SERVICE/);
    const docker = await ask('create', 'url', ':4504', 'docker-ns', 'web');
    expect(`${docker.code} ${docker.stderr}`).toMatch(/^69 .*does not answer/);
    expect(JSON.parse((await ask('--json', 'ls')).stdout).wormholes).toHaveLength(1);
  });

  test('without a home there is nowhere to put its files, and it says so', async () => {
    const { code, stderr } = await start('env', ['-u', 'HOME', program('wormholed'), '--user-mode']).ended;
    expect(`${code} ${stderr}`).toMatch(/^78 .*--user-mode needs HOME/);
  });
});
