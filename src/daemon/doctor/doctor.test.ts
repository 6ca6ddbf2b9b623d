/** What the checks of `wormhole doctor` make of what they find. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FakeEngine } from '../../../test/support/fake-engine.ts';
import { ableToAll } from '../../../test/support/fake-tunnel-kernel.ts';
import { effective, judge } from './capabilities.ts';
import type { Circumstances } from './check.ts';
import { examine } from './examine.ts';
import { exposure } from './exposure.ts';
import { version } from './kernel.ts';
import { key } from './key.ts';
import { policy } from './policy.ts';
import { sockets } from './sockets.ts';
import { tunnels } from './tunnels.ts';

const base = mkdtempSync(join(tmpdir(), 'wormhole-doctor-'));
afterAll(() => rmSync(base, { recursive: true }));
const never = new AbortController().signal;

function circumstances(more: Partial<Circumstances> = {}): Circumstances {
  return {
    engine: new FakeEngine(),
    abilities: () => Promise.resolve(ableToAll),
    keyFile: join(base, 'no-key'),
    stateDir: base,
    tcp: [],
    unix: [],
    rootGrants: () => [],
    ...more,
  };
}

describe('doctor', () => {
  test('gives every finding that is not ok a remedy', async () => {
    const engine = new FakeEngine();
    engine.down = true;
    const tcp = [{ host: '0.0.0.0', port: 9999 }];
    const checks = await examine(
      circumstances({ engine, tcp, stateDir: join(base, 'none'), unix: [join(base, 'gone')] }),
      never,
    );
    const bad = checks.filter(({ state }) => state === 'warn' || state === 'fail');
    expect(bad.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['control socket', 'control port', 'key file', 'state directory', 'docker']),
    );
    for (const { remedy } of bad) expect(remedy).not.toBe('');
  });

  test.each([
    ['127.0.0.1', 'ok'],
    ['::1', 'ok'],
    ['0.0.0.0', 'warn'],
    ['::', 'warn'],
    ['192.0.2.1', 'warn'],
  ])('finds a control port on %s %s', async (host, state) => {
    expect(await exposure(circumstances({ tcp: [{ host, port: 9999 }] }), never)).toMatchObject([{ state }]);
  });

  test.each([
    ['5.5.19', 'fail'],
    ['5.6.0-1-amd64', 'ok'],
    ['6.1', 'ok'],
    ['4.19.0', 'fail'],
  ])('finds Linux %s %s', (text, state) => {
    expect(version(text).state).toBe(state);
  });

  test('tells which tunnels there can be, as the kernel itself says', async () => {
    const lacks = { works: false, missing: 'ESP', remedy: 'load the module esp4' } as const;
    const found = async (more: object) =>
      (await tunnels(circumstances({ abilities: () => Promise.resolve({ ...ableToAll, ...more }) }), never)).map(
        ({ state, detail, remedy }) => [state, detail, remedy],
      );
    expect((await found({})).map(([state]) => state)).toEqual(['ok', 'ok', 'ok']);
    expect((await found({ ipsec: lacks }))[0]).toEqual([
      'warn',
      'missing is ESP',
      'only IPsec tunnels need it: load the module esp4',
    ]);
    expect((await found({ wireguardKernel: lacks }))[1]?.[1]).toContain('wireguard-go');
    expect((await found({ wireguardKernel: lacks, wireguardGo: lacks }))[1]?.[0]).toBe('warn');
    const failing = circumstances({ abilities: () => Promise.reject(new Error('EPERM')) });
    expect(await tunnels(failing, never)).toMatchObject([{ state: 'skip' }]);
  });

  test('reads capabilities as the kernel writes them', () => {
    expect(effective('CapInh:\t0\nCapEff:\t0000000000200000\n')).toBe(1n << 21n);
    expect(effective('')).toBe(0n);
  });

  test('capabilities that are missing keep the daemon of root from its work, and that of an ordinary user from some of it', () => {
    expect([judge(0n, true).state, judge(0n, false).state, judge(~0n, true).state]).toEqual(['fail', 'warn', 'ok']);
  });

  test('judges the key file as the daemon does', async () => {
    const path = join(base, 'key');
    writeFileSync(path, 'x'.repeat(40), { mode: 0o600 });
    expect(await key(circumstances({ keyFile: path }), never)).toMatchObject([{ state: 'ok' }]);
    chmodSync(path, 0o644);
    expect(await key(circumstances({ keyFile: path }), never)).toMatchObject([{ state: 'fail' }]);
    expect(await key(circumstances(), never)).toMatchObject([{ state: 'skip' }]);
  });

  test('finds policies that give the machine away, where peers can come in', async () => {
    const rootGrants = () => [{ title: 'the policy of peer shop', what: ['run-flags volume', 'run-flags device'] }];
    const tcp = [{ host: '::', port: 9999 }];
    expect(await policy(circumstances({ tcp, rootGrants }), never)).toMatchObject([
      { state: 'warn', detail: 'the policy of peer shop gives this machine away: run-flags volume, run-flags device' },
    ]);
    expect(await policy(circumstances({ tcp }), never)).toMatchObject([{ state: 'ok' }]);
    expect(await policy(circumstances({ rootGrants }), never)).toMatchObject([{ state: 'skip' }]);
  });

  test('finds a socket that everybody may use', async () => {
    const path = join(base, 'open');
    writeFileSync(path, '', { mode: 0o666 });
    chmodSync(path, 0o666);
    expect(await sockets(circumstances({ unix: [path] }), never)).toMatchObject([{ state: 'fail' }]);
  });
});
