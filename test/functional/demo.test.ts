/**
 * `make demo`, as a stranger runs it: it shows what it promises, and leaves the machine as it was.
 *
 *   this test's namespace ── scripts/demo.sh ── its sandbox ── namespace "db"
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** What a demonstration could leave behind. */
function traces() {
  return {
    namespace: existsSync('/run/netns/db'), // others come and go with other people's work
    folders: readdirSync(tmpdir()).filter((name) => name.startsWith('wormhole-demo.')),
    interfaces: Object.keys(networkInterfaces()),
    processes: processes().filter((line) => /wormhole-demo\.|demo-service|demo\.sh/.test(line)),
  };
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // ended meanwhile
      }
    });
}

/** Runs the demonstration; `onOutput` sees all that was printed so far. */
function demo(onOutput?: (text: string, pid: number) => void): Promise<{ text: string; code: number | null }> {
  const child = spawn(join(root, 'scripts/demo.sh'), {
    cwd: '/',
    env: { ...process.env, DOCKER_HOST: 'unix:///nonexistent', NODE: process.execPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      onOutput?.(text, child.pid as number);
    });
  }
  return new Promise((done) => child.once('close', (code) => done({ text, code })));
}

describe('make demo', () => {
  test('shows that nobody gets in, then one sentence, then the same connection working', async () => {
    const before = traces();
    const { text, code } = await demo();
    expect(code, text).toBe(0);
    const sentence = text.indexOf('create id db url :5432 tail url db@:5432');
    const refused = text.indexOf('127.0.0.1:5432: connection refused');
    const greeting = text.indexOf('127.0.0.1:5432 says: hello from a service');
    expect(refused).toBeGreaterThan(0);
    expect(sentence).toBeGreaterThan(refused);
    expect(greeting).toBeGreaterThan(sentence);
    expect(text).toContain('10.77.0.2:5432: connection refused');
    expect(text).toContain('1073741824 bytes in');
    expect(text.trimEnd()).toMatch(/Done\..*$/);
    expect(traces()).toEqual(before);
  });

  test('leaves nothing behind when it is ended in the middle', async () => {
    const before = traces();
    let ended = false;
    const { text, code } = await demo((output, pid) => {
      if (ended || !output.includes('create id db')) return;
      ended = true;
      process.kill(pid, 'SIGTERM');
    });
    expect(ended, text).toBe(true);
    expect(code).toBe(143);
    expect(traces()).toEqual(before);
  });
});
