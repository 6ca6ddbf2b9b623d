/** `forward` in this process, with nobody at the other end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../../../test/support/cli-run.ts';

test('an interrupt is its ordinary end, also before the daemon was there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wormhole-forward-'));
  try {
    const key = join(folder, 'key');
    writeFileSync(key, 'x'.repeat(40), { mode: 0o600 });
    const interrupt = new AbortController();
    let told = '';
    const running = runCli(['-K', key, 'forward', '--retry', '-t', '127.0.0.1:1', '-c', '0:80', '--json'], {
      signal: interrupt.signal,
      stdout: {
        write: (text, done) => {
          told += text;
          interrupt.abort();
          done();
        },
      },
    });
    expect((await running).code).toBe(0);
    expect(told).toContain('not yet: ');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
