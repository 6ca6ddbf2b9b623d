/**
 * A compose file's services on demand, with real containers.
 *
 *     curl ─► 127.0.0.1:18080 ══► container shop-web-1, a CGI page ─► its own 127.0.0.1:8000
 *                                        ══► unix socket ══► container shop-db-1, which has what the page shows
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerHost, IMAGE } from '../support/docker-host.ts';
import { ask } from '../support/local.ts';
import { until } from '../support/relay-wait.ts';
import { ownEngine, sharedDaemon } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`compose.test.ts is skipped: ${missing}`);

describe.skipIf(missing !== undefined)('wormhole compose --apply', () => {
  const host = ownEngine();
  const daemon = sharedDaemon(() => ({ env: { DOCKER_HOST: host().address } }));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wh-compose-'));
    mkdirSync(join(folder, 'www/cgi-bin'), { recursive: true });
    writeFileSync(join(folder, 'www/cgi-bin/page'), '#!/bin/sh\nprintf "\\n"; wget -qO- http://db:8000/row\n');
    chmodSync(join(folder, 'www/cgi-bin/page'), 0o755);
    mkdirSync(join(folder, 'rows'));
    writeFileSync(join(folder, 'rows/row'), 'stored\n');
    writeFileSync(
      join(folder, 'compose.yaml'),
      `
services:
  web:
    image: ${IMAGE}
    command: httpd -f -h /www -p 80
    ports: ["127.0.0.1:18080:80", "127.0.0.1:18081:80"]
    volumes: ["./www:/www:ro"]
    environment: {DB_HOST: db}
    stop_signal: SIGKILL
  db:
    image: ${IMAGE}
    command: ["sh", "-c", "sleep 1; exec httpd -f -h /rows -p 127.0.0.1:8000"]
    expose: [8000]
    volumes: ["./rows:/rows:ro"]
    stop_signal: SIGKILL
`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const running = (): Promise<string> => host().docker(['ps', '--format', '{{.Names}}']);

  test('starts each service with its first connection, also the one that another talks to', async () => {
    const words = ['compose', '--apply', '--project', 'shop', '--run-dir', daemon().of.folder, '--idle', '1s', folder];
    const { code, stdout, stderr } = await daemon().wormhole(...words);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(
      `shop-db unix://${daemon().of.folder}/shop-db-8000.sock\n` +
        'shop-web tcp://127.0.0.1:18080\nshop-web.18081 tcp://127.0.0.1:18081\n',
    );
    // Of two ports, so it was made; nobody has come, and its database was not needed.
    await until('all are stopped', async () => (await running()) === '');
    expect(await host().docker(['ps', '--all', '--format', '{{.Names}}'])).toBe('shop-web-1');
    expect(await ask(18_080, 'GET /cgi-bin/page HTTP/1.0\r\n\r\n')).toMatch(/200 OK\r\n[\s\S]*stored\n$/);
    await until('both are stopped for being idle', async () => (await running()) === '');
    await until('both are stopped again', async () => (await running()) === '');
    // The second port starts the service, too.
    expect(await ask(18_081, 'GET /cgi-bin/page HTTP/1.0\r\n\r\n')).toMatch(/stored\n$/);
    await daemon().wormhole('delete', '--now', 'shop-web', 'shop-web.18081', 'shop-db');
    await until('their containers are gone', async () => (await host().docker(['ps', '--all', '--quiet'])) === '');
  });

  test('creates all or none', async () => {
    await daemon().create('id shop-web url :18090 tail url :9');
    const words = ['compose', '--apply', '--project', 'shop', '--run-dir', daemon().of.folder, folder];
    const { code, stderr } = await daemon().wormhole(...words);
    expect({ code, stderr }).toMatchObject({ code: 73, stderr: expect.stringContaining('shop-web') as string });
    const { stdout } = await daemon().wormhole('ls', '--quiet');
    expect(stdout).toBe('shop-web\n');
  });
});
