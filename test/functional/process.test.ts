/**
 * What the daemon's process tells the outside: exit codes, the service manager, its log.
 *
 *   test ──► control.sock ── wormholed (namespace: lo only) :9000 ──► 127.0.0.1:9001, a server of the test's
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/command.ts';
import { TestDaemon } from '../support/daemon-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wormholed-life-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const spec = ['id', 'echo', 'url', ':9000', 'tail', 'url', ':9001'];

/** A TCP echo server on 127.0.0.1:9001 of the daemon's namespace. */
async function echoServer(daemon: TestDaemon): Promise<Disposable> {
  const serve =
    "require('net').createServer(s=>s.pipe(s).on('error',()=>{})).listen(9001,'127.0.0.1',()=>console.log(1))";
  const words = [`--net=/proc/${daemon.pid}/ns/net`, '--', process.execPath, '-e', serve];
  const child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = await once(socket, 'data');
  return String(answer);
}

describe('a start that cannot be', () => {
  test.each([
    ['XT14 a key file that does not exist', ['-K', '/nonexistent/key.secret'], 78, '/nonexistent/key.secret'],
    ['an unknown option', ['--nope'], 64, '--nope'],
    ['a config file that does not exist', ['--config', '/nonexistent.yaml'], 78, '/nonexistent.yaml'],
    ['a control address that this machine does not have', ['-H', '203.0.113.9:9999', '-K', 'KEY'], 73, '203.0.113.9'],
    ['a state directory that cannot be made', ['--state-dir', '/dev/null/x'], 74, '/dev/null/x'],
  ])('%s ends it with its code and its reason, and leaves nothing', async (_, words, code, reason) => {
    const key = join(directory, 'key');
    writeFileSync(key, 'k'.repeat(43), { mode: 0o600 });
    await using daemon = TestDaemon.spawn({ directory, words: words.map((word) => (word === 'KEY' ? key : word)) });
    expect(await daemon.ended).toBe(code);
    expect(daemon.log).toContain(reason);
    expect(existsSync(daemon.socketPath)).toBe(false);
  });

  test('a signal while it starts ends it with 0', async () => {
    await using daemon = TestDaemon.spawn({ directory });
    await until('it starts', () => daemon.log.includes('"starting"'));
    expect(await daemon.stop('SIGTERM')).toBe(0);
    expect(existsSync(daemon.socketPath)).toBe(false);
  });
});

describe('an error that nobody caught', () => {
  test.each(['throw new Error("boom")', 'Promise.reject(new Error("boom"))'])(
    '(%s) is logged, everything is taken down, and the exit code is 70',
    async (code) => {
      const bomb = join(directory, 'bomb.cjs');
      writeFileSync(bomb, `process.on('SIGUSR2', () => { ${code}; });`);
      await using daemon = await TestDaemon.start({ directory, env: { NODE_OPTIONS: `--require=${bomb}` } });
      await daemon.ask('POST', '/v1/wormholes', { words: spec });
      expect(await daemon.stop('SIGUSR2')).toBe(70);
      expect(daemon.log).toMatch(/"level":"fatal".*boom/);
      expect(existsSync(daemon.socketPath)).toBe(false);
    },
  );
});

describe('the service manager', () => {
  test('is told when it is ready and when it stops', async () => {
    const path = join(directory, 'notify');
    const listen =
      'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("up",flush=True)\n' +
      'while True: print(s.recv(4096).decode(),flush=True)';
    const manager = spawn('python3', ['-c', listen, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    manager.stdout.on('data', (chunk) => (told += String(chunk)));
    try {
      await until('the manager listens', () => told.includes('up'));
      await using daemon = await TestDaemon.start({ directory, env: { NOTIFY_SOCKET: path } });
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
    await using daemon = await TestDaemon.start({ directory });
    using _server = await echoServer(daemon);
    await daemon.ask('POST', '/v1/wormholes', { words: spec });
    const following = daemon.ask('GET', '/v1/logs?id=echo&follow=true');
    const socket = daemon.connectInside(9000);
    expect(await echo(socket, 'hello')).toBe('hello');
    socket.end();
    await until('it is logged', () => daemon.log.includes('connection closed'));
    await daemon.stop();
    const { text, headers } = await following;
    expect(headers['content-type']).toBe('application/x-ndjson');
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
    await using daemon = await TestDaemon.start({ directory });
    await daemon.ask('POST', '/v1/wormholes', { words: spec });
    expect(daemon.log).toMatch(new RegExp(`"origin":\\{"kind":"local","pid":${process.pid},"uid":0`));
  });
});
