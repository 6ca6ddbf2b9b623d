/**
 * The examples with tunnels on a kernel that has IPsec: unchanged, and of the kind that `auto` comes to there.
 *
 *   examples/run NAME ── its world: two hosts with a dockerd and a wormholed each
 *
 * One of them on every run, for an emulated processor takes minutes for all; `make examples-kernel` runs them all.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';
import { missingImages } from '../support/images.ts';
import { MariaDb } from '../support/mariadb.ts';
import { patience } from '../support/patience.ts';
import { kernelLacks } from '../support/vm/kernel.ts';

const missing = DockerHost.missing() ?? missingImages('dnsmasq', 'wordpress') ?? MariaDb.missing();
if (missing !== undefined) console.log(`test/kernel/examples.test.ts is skipped: ${missing}`);

const examples = [
  { name: '08-tunnel-alone', shows: [/the page of myserver/, /myserver +complete +ipsec /] },
  {
    name: '05-tunnel',
    shows: [/MariaDB/, /myserver +complete +ipsec /, /MariaDB/, /myserver +complete +ipsec in udp /],
  },
  { name: '06-tunnel-on-demand', shows: [/MariaDB/, /myserver +complete +ipsec /, /first-byte/] },
  { name: '07-wordpress-tunnel', shows: [/<title>Wormhole shop/, /myserver +complete +ipsec /] },
  { name: 'wgtunnel', shows: [/you are 100\./, /myserver +complete +wireguard /] },
];
const chosen = process.env['WORMHOLE_EXAMPLES'] === 'all' ? examples : examples.slice(0, 1);

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

describe.skipIf(kernelLacks('esp', 'wireguard', 'nf_tables') || missing !== undefined)('on this kernel', () => {
  test.each(chosen)('the example $name shows what it promises', async ({ name, shows }) => {
    const { code, text } = await run(name);
    expect(code, text).toBe(0);
    for (const what of shows) expect(text).toMatch(what);
  });
});
