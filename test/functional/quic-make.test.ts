/**
 * The session of gardener's README, as a stranger types it: three terminals, and the pass-through agent instead.
 *
 *   curl ──► make start-server ══ make start-client, make start-client-tcp ──► a web server here
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../support/command.ts';
import { start } from '../support/program.ts';

const root = resolve(import.meta.dirname, '../..');

/** A target of the Makefile in a terminal of its own, until ^C. What is built is taken as it is. */
function terminal(target: string, certs: string, ...more: readonly string[]) {
  const words = ['--no-print-directory', '-o', 'build', `CERTS=${certs}`, `NODE=${process.execPath}`, ...more, target];
  const { child, ended, output } = start('setsid', ['make', ...words], { cwd: root });
  const interrupt = async () => {
    process.kill(-child.pid, 'SIGINT');
    return await ended;
  };
  return {
    tells: (text: string) => until(`${target} tells ${text}`, () => output.stderr.includes(text)),
    interrupt,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await interrupt();
    },
  };
}

async function curl(...words: readonly string[]): Promise<string> {
  return (await start('/usr/bin/curl', ['-sS', ...words]).ended).stdout;
}

test('F60 F61 F62: make start-server, make start-client, curl -p --proxy; then make start-client-tcp', async () => {
  const room = mkdtempSync(join(tmpdir(), 'wormhole-make-'));
  const certs = join(room, 'certs');
  const web = createServer((_request, response) => void response.end('the page'));
  try {
    await new Promise<void>((listening) => web.listen(0, '127.0.0.1', listening));
    const { port } = web.address() as AddressInfo;
    const page = `http://127.0.0.1:${port}/`;
    await using server = terminal('start-server', certs);
    {
      await using agent = terminal('start-client', certs);
      await agent.tells('connected');
      expect(await curl('-p', '--proxy', 'localhost:10443', page)).toBe('the page');
    }
    await server.tells('it said goodbye');
    await using agent = terminal('start-client-tcp', certs, `UPSTREAM=127.0.0.1:${port}`);
    await agent.tells('connected');
    expect(await curl('http://localhost:10443/')).toBe('the page');
    expect(statSync(join(certs, 'ca.key')).mode & 0o777).toBe(0o600);
  } finally {
    web.close();
    rmSync(room, { recursive: true });
  }
});
