/** Settings from flags, environment, file and defaults. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { loadSchemas } from '../schema/schema.ts';
import type { Environment } from './environment.ts';
import { loadConfig } from './load.ts';
import type { Settings } from './settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'wormhole-config-'));
afterAll(() => rmSync(directory, { recursive: true }));
const { config } = loadSchemas();

function file(text: string): string {
  const path = join(directory, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return path;
}

async function settings(argv: readonly string[], env: Environment = {}): Promise<Settings> {
  const loaded = await loadConfig(config, argv, env, '1.2.3');
  if ('print' in loaded) throw new Error('it printed');
  return loaded.settings;
}

async function printed(argv: readonly string[], env: Environment = {}): Promise<string> {
  const loaded = await loadConfig(config, argv, env, '1.2.3');
  return 'print' in loaded ? loaded.print : '';
}

async function refused(argv: readonly string[], env: Environment = {}): Promise<string> {
  try {
    await loadConfig(config, argv, env, '1.2.3');
  } catch (error) {
    if (WormholeError.is(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'not refused';
}

describe('settings', () => {
  test('have defaults', async () => {
    expect(await settings([])).toMatchObject({
      tcp: [{ host: '127.0.0.1', port: 9999 }],
      unix: ['/run/wormhole/wormhole.sock'],
      keyFile: { path: '/etc/wormhole/key.secret', chosen: false },
      stateDir: '/var/lib/wormhole',
      labels: [],
      logLevel: 'info',
      drainMs: 10_000,
      tunnels: { cidr: { network: '100.64.0.0', bits: 14 }, ports: { low: 4500, high: 4599 } },
    });
  });

  test('of an ordinary user have other defaults, and only those', async () => {
    const env = { HOME: '/home/me', XDG_RUNTIME_DIR: '/run/user/1000', XDG_STATE_HOME: 'relative' };
    const usual = await settings(['--user-mode'], env);
    expect(usual).toMatchObject({
      tcp: [{ host: '127.0.0.1', port: 9999 }],
      unix: ['/run/user/1000/wormhole/wormhole.sock'],
      keyFile: { path: '/home/me/.config/wormhole/key.secret', chosen: false },
      stateDir: '/home/me/.local/state/wormhole',
    });
    const named = await settings(['--user-mode', '--socket', '/s', '-K', '/k'], { XDG_STATE_HOME: '/x', HOME: '/h' });
    expect(named).toMatchObject({ unix: ['/s'], keyFile: { path: '/k', chosen: true }, stateDir: '/x/wormhole' });
    expect((await settings(['--user-mode'], { HOME: '/h' })).unix).toEqual(['/h/.local/state/wormhole/wormhole.sock']);
    expect(await refused(['--user-mode'], {})).toMatch('WH_ERR_CONFIG: --user-mode needs HOME');
    expect(await refused(['--user-mode=yes'], env)).toMatch('takes no value');
  });

  test('may let labels of containers listen, on addresses', async () => {
    const found = await settings(['--labels', 'loopback', '--labels', '192.0.2.1']);
    expect(found.labels).toEqual(['loopback', '192.0.2.1']);
    expect((await settings(['--config', file("labels: ['::']")])).labels).toEqual(['::']);
  });

  test('come from a flag before the environment, before the file, before the default', async () => {
    const path = file('state-dir: /from/file\ndrain: 3s\nlog-level: warn\n');
    const env = { WORMHOLE_STATE_DIR: '/from/env', WORMHOLE_DRAIN: '2s' };
    const found = await settings(['--config', path, '--state-dir', '/from/flag'], env);
    expect(found).toMatchObject({ stateDir: '/from/flag', drainMs: 2000, logLevel: 'warn' });
  });

  test('take the last of a flag that is given twice', async () => {
    expect((await settings(['--state-dir', '/a', '--state-dir', '/b'])).stateDir).toBe('/b');
  });

  test('take every -H, tcp and unix, without repeats', async () => {
    const found = await settings([
      '-H',
      ':6666',
      '-H',
      'unix:///x',
      '-H=[::1]:7',
      '-H',
      'tcp://:6666',
      '--socket',
      '/s',
    ]);
    expect(found.tcp).toMatchObject([
      { host: '', port: 6666 },
      { host: '::1', port: 7 },
    ]);
    expect(found.unix).toEqual(['/s', '/x']);
  });

  test('take -H from environment and file as a list', async () => {
    expect((await settings([], { WORMHOLE_LISTEN: ':1, :2' })).tcp.map(({ port }) => port)).toEqual([1, 2]);
    expect((await settings(['--config', file('listen: [":3", "unix:///y"]')])).unix).toContain('/y');
  });

  test.each([
    ['-K', ['-K', '/k'], {}],
    ['--key-file', ['--key-file=/k'], {}],
    ['the environment', [], { WORMHOLE_KEY_FILE: '/k' }],
    ['the config file', ['--config', file('key-file: /k')], {}],
  ])('A7 a key file named by %s is the one that is used', async (_, argv, env) => {
    expect((await settings(argv, env)).keyFile).toEqual({ path: '/k', chosen: true });
  });

  test.each([
    [['--stat-dir', '/x'], 'WH_ERR_USAGE: unknown option --stat-dir; did you mean state-dir?'],
    [['-Z'], 'WH_ERR_USAGE: unknown option -Z'],
    [['--socket'], 'WH_ERR_USAGE: --socket needs a value'],
    [['start'], 'WH_ERR_USAGE: wormholed takes no argument "start"'],
    [['-H', ''], 'WH_ERR_USAGE: -H needs a value'],
    [['-H', 'http://x'], 'WH_ERR_CONFIG: listen: address protocol "http" is not known'],
    [['-H', ':70000'], 'WH_ERR_CONFIG: listen: '],
    [['-C', '100.65.0.0/33'], 'WH_ERR_CONFIG: cidr must have a prefix of 8 to 30 bits'],
    [['-C', '100.65.0/14'], 'WH_ERR_CONFIG: cidr must be an IPv4 range'],
    [['-P', '4599-4500'], 'WH_ERR_CONFIG: ports is an empty range: 4599 is above 4500'],
    [['-P', '0'], 'WH_ERR_CONFIG: ports must be a port or LO-HI'],
    [['-I', 'eth0'], 'WH_ERR_CONFIG: internal-ip must be an IP address'],
    [['-E', '0.0.0.0'], 'WH_ERR_CONFIG: external-ip must be one address'],
    [['--labels', 'loopback', '--labels', 'lo'], 'WH_ERR_CONFIG: labels must be loopback or an IP address, not "lo"'],
    [['--drain', '10'], 'WH_ERR_CONFIG: drain: duration "10" has no unit'],
    [['--log-level', 'loud'], 'WH_ERR_CONFIG: log-level must be "fatal" or'],
    [['--config', '/nonexistent'], 'WH_ERR_CONFIG: cannot read the config file /nonexistent: ENOENT'],
  ])('%j is refused: %s', async (argv, message) => {
    expect(await refused(argv)).toContain(message);
  });

  test.each([
    ['stat-dir: /x', 'key stat-dir is unknown; did you mean state-dir?'],
    ['host: x', 'key host is unknown'],
    ['state-dir: 7', 'key state-dir must be a string'],
    ['listen: ":1"', 'key listen must be an array'],
    ['listen: []', 'key listen must have at least 1 element(s)'],
    ['- a', 'the document must be an object'],
    ['a: [', 'Flow sequence'],
    ['a: &a [1]\nb: *a', 'Alias resolution is disabled'],
  ])('a file with %j is refused: %s', async (text, message) => {
    const answer = await refused(['--config', file(text)]);
    expect(answer).toMatch(/^WH_ERR_CONFIG: .*\.yaml: /);
    expect(answer).toContain(message);
  });

  test('an empty file says nothing; an empty variable is an error', async () => {
    expect((await settings(['--config', file('')])).stateDir).toBe('/var/lib/wormhole');
    expect(await refused([], { WORMHOLE_SOCKET: '' })).toContain('WORMHOLE_SOCKET is set but empty');
    expect(await refused([], { WORMHOLE_CONFIG: '' })).toContain('WORMHOLE_CONFIG is set but empty');
  });

  test('an error names where the value came from', async () => {
    expect(await refused([], { WORMHOLE_DRAIN: 'soon' })).toContain('(from env WORMHOLE_DRAIN)');
  });
});

describe('what is printed', () => {
  test('the effective settings with their origin are a config file again', async () => {
    const text = await printed(['--print-config', '-H', ':1', '-I', '10.0.0.1'], { WORMHOLE_DRAIN: '2s' });
    expect(text).toMatch(/^listen: \[":1"\] +# flag --listen$/m);
    expect(text).toMatch(/^drain: "2s" +# env WORMHOLE_DRAIN$/m);
    expect(text).toMatch(/^cidr: "100.65.0.0\/14" +# default$/m);
    const again = await printed(['--print-config', '--config', file(text)]);
    expect(again).toMatch(/^internal-ip: "10.0.0.1" +# file /m);
  });

  test('secrets inside addresses are redacted', async () => {
    expect(await printed(['--print-config', '--state-dir', '/x//user:pw@y'])).not.toContain('pw');
  });

  test('the help names every option, the version is the version', async () => {
    const help = await printed(['--help']);
    for (const [key, { type }] of Object.entries(config.properties ?? {})) {
      expect(help).toContain(type === 'object' ? `\n  ${key}: ` : `--${key} `);
    }
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(await printed(['--version'])).toBe('wormholed 1.2.3\n');
  });
});
