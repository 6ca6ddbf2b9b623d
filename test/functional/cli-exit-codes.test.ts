/**
 * The program as a shell sees it: exit codes, streams, signals. No daemon runs; where one must answer, a few lines
 * of HTTP on a unix socket stand for it.
 *
 *     shell ── ./wormhole ──┬── nobody (/…/none.sock)
 *                           └── stand-in (/…/stand-in.sock)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const program = new URL('../../wormhole', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'wormhole-cli-'));
const none = join(folder, 'none.sock');
const standIn = join(folder, 'stand-in.sock');
const health = { version: '1', instance: 'i', pid: 1, uptimeMs: 1, wormholes: 0, relayWorkers: 1, rssBytes: 1 };
let server: Server;

beforeAll(async () => {
  if (!existsSync(program)) throw new Error('./wormhole is not built; run make');
  server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/logs') === true) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(`${JSON.stringify({ timeMs: 0, level: 'info', msg: 'started', facts: {} })}\n`);
      return; // and never ends
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ payload: 'not what was sent', timeMs: 0, ...health }));
  });
  await new Promise<void>((resolve) => server.listen(standIn, resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  words: readonly string[],
  stdout: 'pipe' | number = 'pipe',
): { child: ChildProcess; ended: Promise<Ended> } {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: folder, WORMHOLE_SOCKET: none };
  const child = spawn(program, words, { env, stdio: ['ignore', stdout, 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
  return { child, ended };
}

describe('XT9: exit codes of the command line', () => {
  test.each([
    [0, []],
    [0, ['--help']],
    [0, ['help']],
    [0, ['help', 'create']],
    [0, ['create', '--help']],
    [0, ['--version']],
    [0, ['explain', 'url', ':3306', 'docker-ns', 'db']],
    [0, ['completion', 'bash']],
    [0, ['__complete', '--', 'delete', '']],
    [64, ['-v']],
    [64, ['bogus']],
    [64, ['help', 'bogus']],
    [64, ['ls', 'extra']],
    [64, ['ls', '--bogus']],
    [64, ['create']],
    [64, ['delete']],
    [64, ['inspect']],
    [64, ['-H']],
    [64, ['-H', '', 'ping']],
    [64, ['-H', 'a:b:c', 'ping']],
    [64, ['-H', 'http://x', 'ls']],
    [64, ['completion', 'tcsh']],
    [64, ['tunnel-create']],
    [65, ['create', 'url']],
    [65, ['create', 'docker-ns']],
    [65, ['create', 'remote']],
    [65, ['create', 'url', ':70000', 'docker-ns', 'db']],
    [65, ['create', '--bogus', 'url', ':1']],
    [65, ['explain', 'url', '3306', 'docker-ns', 'db']],
    [69, ['ping']],
    [69, ['ls']],
    [69, ['version']],
    [69, ['doctor']],
    [69, ['delete', 'x']],
    [69, ['create', 'url', ':1', 'tail', 'url', ':2']],
    [76, ['--socket', standIn, 'ping']],
    [78, ['-H', '127.0.0.1:1', '-K', join(folder, 'no-key'), 'ping']],
  ])('%i: wormhole %j', async (code, words) => {
    const ended = await start(words).ended;
    expect({ ...ended, stdout: '', stderr: '' }).toEqual({ code, signal: null, stdout: '', stderr: '' });
    const told = words[0] === 'doctor' ? ended.stdout : ended.stderr;
    expect(told !== '').toBe(code !== 0);
    expect(ended.stderr).not.toContain(' at file://');
    if (code === 64 || code === 65) expect(ended.stdout).toBe('');
  });

  test.each([
    ['ping'],
    ['ls'],
    ['stats'],
    ['logs'],
    ['inspect', 'x'],
    ['delete', 'x'],
    ['version'],
    ['bogus'],
    ['create', 'url'],
  ])('wormhole --json %s … is one JSON problem on stdout when it fails', async (...words) => {
    const { code, stdout, stderr } = await start(['--json', ...words]).ended;
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ type: expect.stringMatching(/^urn:wormhole:error:WH_ERR_/) });
    expect([64, 65, 69]).toContain(code);
  });

  test('a key file that is open to others is refused without a word of its content', async () => {
    const path = join(folder, 'open-key');
    writeFileSync(path, 'k'.repeat(40), { mode: 0o644 });
    const { code, stderr } = await start(['-H', '127.0.0.1:1', '-K', path, 'ping']).ended;
    expect(code).toBe(78);
    expect(stderr).toContain('chmod 600');
    expect(stderr).not.toContain('kkk');
  });

  test('an interrupted logs -f has shown its lines and ends with 130', async () => {
    const { child, ended } = start(['--socket', standIn, 'logs', '-f']);
    await Promise.race([ended, new Promise((resolve) => child.stdout?.once('data', resolve))]);
    child.kill('SIGINT');
    expect(await ended).toEqual({
      code: 130,
      signal: null,
      stdout: '1970-01-01T00:00:00.000Z info  started\n',
      stderr: '',
    });
  });

  test('a reader that has left ends it quietly, with the code of SIGPIPE', async () => {
    const { child, ended } = start(['help']);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 141, stderr: '' });
  });

  test('output that cannot be written is an error, never a silent success', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { code, stderr } = await start(['help'], full).ended;
      expect(code).toBe(74);
      expect(stderr).toMatch(/^wormhole: cannot write the output: .*ENOSPC/);
    } finally {
      closeSync(full);
    }
  });

  test('output larger than a pipe arrives whole', async () => {
    const words = Array.from({ length: 3000 }, (_, index) => `label=k${index}=${'v'.repeat(40)}`);
    const { code, stdout } = await start(['explain', '--json', 'url', ':1', 'docker-ns', 'db', ...words]).ended;
    expect(code).toBe(0);
    expect(Object.keys((JSON.parse(stdout) as { labels: object }).labels)).toHaveLength(3000);
  });
});
