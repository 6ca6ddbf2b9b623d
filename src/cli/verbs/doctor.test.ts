/** `doctor` and `version`: what they tell with the daemon up, and what is left of it with the daemon down. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli } from '../../../test/support/cli-run.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Check, DoctorReport, Health } from '../../spec/api.ts';

const folder = mkdtempSync(join(tmpdir(), 'wormhole-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const healthy: Health = {
  version: '1.2.3',
  instance: 'abc',
  pid: 42,
  uptimeMs: 1,
  wormholes: 0,
  relayWorkers: 2,
  rssBytes: 1,
};
const health = async (): Promise<Health> => healthy;
const doctor = async (): Promise<DoctorReport> => ({
  checks: [
    { name: 'docker', state: 'ok', detail: 'engine 20.10', remedy: '' },
    { name: 'nofile', state: 'warn', detail: '1024', remedy: 'raise LimitNOFILE' },
  ],
});

function key(name: string, content: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
}

async function checksOf(argv: readonly string[], world = {}): Promise<Check[]> {
  const { stdout } = await runCli(['doctor', '--json', ...argv], world);
  return (JSON.parse(stdout) as DoctorReport).checks;
}

describe('doctor', () => {
  test('adds the daemon’s checks to its own, each with its remedy', async () => {
    const { code, stdout } = await runCli(['doctor', '-H', 'h', '-K', key('good', 'k'.repeat(40), 0o600)], {
      daemon: { health, doctor },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {4}client key file {2}\//m);
    expect(stdout).toMatch(/^ok {4}client daemon +wormholed 1\.2\.3 answers at unix:\/\/\/test\.sock \(pid 42\)$/m);
    expect(stdout).toMatch(/^warn {2}nofile +1024\n +-> raise LimitNOFILE$/m);
    expect(stdout).toMatch(/^5 checks, 0 failed, 1 to look at$/m);
  });

  test('tells with the daemon down what can be told, and fails', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--socket', join(folder, 'none.sock')]);
    expect({ code, stderr }).toEqual({ code: 69, stderr: '' });
    expect(stdout).toMatch(/^fail {2}client socket +\S+none\.sock does not exist\n +-> start the daemon/m);
    expect(stdout).toMatch(/^fail {2}client daemon .*\[WH_ERR_DAEMON_UNREACHABLE\]\n +-> /m);
  });

  test('says that a file which is no socket is none', async () => {
    const [socket] = await checksOf(['--socket', key('plain', '', 0o600)]);
    expect(socket).toMatchObject({ state: 'fail', detail: expect.stringContaining('is not a socket') });
  });

  test.each([
    ['open', 'k'.repeat(40), 0o644, /mode 0644/],
    ['short', 'k'.repeat(31), 0o600, /fewer than 32/],
    ['empty', '', 0o600, /is empty/],
  ])('a key file that is %s fails, with a remedy and never with its content', async (name, content, mode, fact) => {
    const [, file] = await checksOf(['-K', key(name, content, mode)]);
    expect(file).toMatchObject({
      state: 'fail',
      detail: expect.stringMatching(fact),
      remedy: expect.stringMatching(/./),
    });
    expect(JSON.stringify(file)).not.toContain('kkk');
  });

  test('a missing key file is no trouble on the socket', async () => {
    const [, file] = await checksOf(['--socket', '/s'], { env: {} });
    expect(file?.name).toBe('client key file');
    expect(['skip', 'ok']).toContain(file?.state);
  });

  test('an address that cannot be read is wrong usage, not an illness', async () => {
    const refuse = async (): Promise<never> => {
      throw new WormholeError('WH_ERR_USAGE', '"a:b:c" has more than one port');
    };
    expect((await runCli(['doctor', '-H', 'a:b:c'], { daemon: { health: refuse } })).code).toBe(64);
  });
});

describe('version', () => {
  test('is that of both programs', async () => {
    const { code, stdout } = await runCli(['version'], { daemon: { health } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^wormhole \d+\.\d+\.\d+\nwormholed 1\.2\.3 \(instance abc, pid 42\)\n$/);
  });

  test('its own is told also when the daemon is down', async () => {
    const { code, stdout, stderr } = await runCli(['version']);
    expect(code).toBe(69);
    expect(stdout).toMatch(/^wormhole \d+\.\d+\.\d+\n$/);
    expect(stderr).toContain('[WH_ERR_DAEMON_UNREACHABLE]');
    const json = await runCli(['version', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      code: 'WH_ERR_DAEMON_UNREACHABLE',
      client: { version: expect.any(String) },
    });
  });
});
