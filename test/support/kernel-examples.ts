/**
 * Runs examples on the kernel of a virtual machine, unchanged: what they show there is of the kind that `auto` comes to.
 *
 *   examples/run NAME ── its world: two hosts with a dockerd and a wormholed each
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DockerHost } from './docker-host.ts';
import { missingImages } from './images.ts';
import { MariaDb } from './mariadb.ts';
import { patience } from './patience.ts';
import { kernelLacks } from './vm/kernel.ts';

export interface KernelExample {
  /** Of the script, without its ending. */
  readonly name: string;
  /** What it has to print. */
  readonly shows: readonly RegExp[];
}

/** Declares a test for each of them. */
export function testExamples(examples: readonly KernelExample[]): void {
  const missing = DockerHost.missing() ?? missingImages('dnsmasq', 'wordpress') ?? MariaDb.missing();
  if (missing !== undefined) console.log(`examples on this kernel are skipped: ${missing}`);
  describe.skipIf(kernelLacks('esp', 'wireguard', 'nf_tables') || missing !== undefined)('on this kernel', () => {
    test.each(examples)('the example $name shows what it promises', async ({ name, shows }) => {
      const { code, text } = await run(name);
      expect(code, text).toBe(0);
      for (const what of shows) expect(text).toMatch(what);
    });
  });
}

async function run(name: string): Promise<{ code: number | null; text: string }> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/root',
    TMPDIR: mkdtempSync(join(tmpdir(), 'wormhole-room-')),
    OFFLINE: '1',
    NODE: process.execPath,
    PATIENCE: String(30 * patience),
    PROGRAMS: process.env['WORMHOLE_TEST_PROGRAMS'] ?? '',
  };
  const words = ['--pdeathsig=TERM', join(resolve(import.meta.dirname, '../..'), 'examples/run'), name];
  const child = spawn('setpriv', words, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return await new Promise((done) => child.once('close', (code) => done({ code, text })));
}
