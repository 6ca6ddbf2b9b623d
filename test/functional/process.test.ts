/**
 * What the daemon's process tells the outside: exit codes, the service manager, its log.
 *
 *   test ──► its socket ── wormholed :9000 ──► an echo server of the test's; all in a namespace of the file's own
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Belongings, Daemon, wormholed } from '../support/daemon.ts';
import { ask, portOf } from '../support/local.ts';
import { echoServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { ownNamespace } from '../support/world.ts';

ownNamespace();
let of: Belongings;
beforeEach(() => {
  of = new Belongings();
});
afterEach(() => of[Symbol.dispose]());

const spec = 'id echo url :9000 tail url :9001';

describe('a start that cannot be', () => {
  test.each([
    ['XT14 a key file that does not exist', ['-K', '/nonexistent/key.secret'], 78, '/nonexistent/key.secret'],
    ['an unknown option', ['--nope'], 64, '--nope'],
    ['a config file that does not exist', ['--config', '/nonexistent.yaml'], 78, '/nonexistent.yaml'],
    ['a control address that this machine does not have', ['-H', '203.0.113.9:9999'], 73, '203.0.113.9'],
    ['a state directory that cannot be made', ['--state-dir', '/dev/null/x'], 74, '/dev/null/x'],
  ])('%s ends it with its code and its reason, and leaves nothing', async (_, words, code, reason) => {
    const ended = await wormholed(of, { flags: words }).ended;
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(reason);
    expect(existsSync(of.socket)).toBe(false);
  });

  test('a signal while it starts ends it with 0', async () => {
    const { child, output, ended } = wormholed(of);
    await until('it starts', () => output.stdout.includes('"starting"'));
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(existsSync(of.socket)).toBe(false);
  });
});

describe('an error that nobody caught', () => {
  test.each(['throw new Error("boom")', 'Promise.reject(new Error("boom"))'])(
    '(%s) is logged, everything is taken down, and the exit code is 70',
    async (code) => {
      const bomb = join(of.folder, 'bomb.cjs');
      writeFileSync(bomb, `process.on('SIGUSR2', () => { ${code}; });`);
      await using daemon = await Daemon.start({ of, env: { NODE_OPTIONS: `--require=${bomb}` } });
      await daemon.create(spec);
      expect(await daemon.stop('SIGUSR2')).toBe(70);
      expect(daemon.log).toMatch(/"level":"fatal".*boom/);
      expect(existsSync(of.socket)).toBe(false);
    },
  );
});

describe('the service manager', () => {
  test('is told when it is ready and when it stops', async () => {
    const path = join(of.folder, 'notify');
    const listen =
      'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("up",flush=True)\n' +
      'while True: print(s.recv(4096).decode(),flush=True)';
    const manager = spawn('python3', ['-c', listen, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    manager.stdout.on('data', (chunk) => (told += String(chunk)));
    try {
      await until('the manager listens', () => told.includes('up'));
      await using daemon = await Daemon.start({ of, env: { NOTIFY_SOCKET: path } });
      await until('ready', () => told.includes('READY=1'));
      expect(await daemon.stop()).toBe(0);
      await until('stopping', () => told.includes('STOPPING=1'));
    } finally {
      manager.kill('SIGKILL');
    }
  });
});

describe('the log', () => {
  test('of one wormhole is followed until the daemon stops', async () => {
    await using daemon = await Daemon.start({ of });
    await using server = await echoServer();
    await daemon.create(`id echo url :9000 tail url :${portOf(server)}`);
    const following = daemon.ask('/v1/logs?id=echo&follow=true');
    expect(await ask(9000, 'hello')).toBe('hello');
    await daemon.logged('connection closed');
    await daemon.stop();
    const { text, type } = await following;
    expect(type).toBe('application/x-ndjson');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; wormhole: string; facts: object });
    expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['wormhole up', 'connection closed']));
    expect(new Set(lines.map(({ wormhole }) => wormhole))).toEqual(new Set(['echo']));
    const closed = lines.find(({ msg }) => msg === 'connection closed');
    expect(closed?.facts).toMatchObject({ reason: 'done', bytesIn: 5, bytesOut: 5 });
  });

  test('names who changed something', async () => {
    await using daemon = await Daemon.start({ of });
    await daemon.post({ words: spec.split(' ') });
    expect(daemon.log).toMatch(new RegExp(`"origin":\\{"kind":"local","pid":${process.pid},"uid":0`));
  });
});
