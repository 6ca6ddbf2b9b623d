/** Peers and policies in the config file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { loadSchemas } from '../schema/schema.ts';
import { loadConfig } from './load.ts';
import { ownName } from './peers.ts';
import type { Settings } from './settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'wormhole-peers-'));
afterAll(() => rmSync(directory, { recursive: true }));
const { config } = loadSchemas();

async function load(text: string, ...argv: readonly string[]): Promise<{ settings: Settings } | { print: string }> {
  const path = join(directory, `${Math.random()}.yaml`);
  writeFileSync(path, text);
  return await loadConfig(config, ['--config', path, ...argv], {}, '1.2.3');
}

async function settings(text: string, ...argv: readonly string[]): Promise<Settings> {
  const loaded = await load(text, ...argv);
  if ('print' in loaded) throw new Error('it printed');
  return loaded.settings;
}

async function refused(text: string, ...argv: readonly string[]): Promise<string> {
  try {
    await load(text, ...argv);
  } catch (error) {
    if (WormholeError.is(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'not refused';
}

describe('peers in the config file', () => {
  test('there are none unless they are named, and what they may ask is the default', async () => {
    expect(await settings('')).toMatchObject({
      peers: [],
      policy: { title: 'the policy for peers', targets: [{ any: true }], images: ['**'], runFlags: [] },
    });
  });

  test('have addresses, a key, a carrier, a time to resume and a policy', async () => {
    const { peers } = await settings(`
peers:
  web:
    address: [web.example, '10.0.0.7:6666', '[2001:db8::7]']
    key-file: /etc/wormhole/web.key
    carrier: tls
    resume: 1m
    policy: {verbs: [dial], targets: [{cidr: 10.0.0.0/8, ports: 3306}, any], images: []}
  db-host: {address: db.example:7777, carrier: quic}
  behind-nat: {}
`);
    expect(peers).toMatchObject([
      {
        name: 'web',
        addresses: [
          { kind: 'tcp', host: 'web.example', port: 9999 },
          { kind: 'tcp', host: '10.0.0.7', port: 6666 },
          { kind: 'tcp', host: '2001:db8::7', port: 9999 },
        ],
        keyFile: '/etc/wormhole/web.key',
        carrier: 'tls',
        resumeMs: 60_000,
        policy: { title: 'the policy of peer web', verbs: ['dial'] },
      },
      { name: 'db-host', addresses: [{ host: 'db.example', port: 7777 }], carrier: 'quic', resumeMs: 30_000 },
      { name: 'behind-nat', addresses: [] },
    ]);
    expect(peers[1]).not.toHaveProperty('policy');
  });

  test.each([
    ['peers: {web: {adress: x}}', 'key peers.web.adress is unknown; did you mean address?'],
    [
      'peers: {web: {policy: {targets: [{cdr: x}]}}}',
      'key peers.web.policy.targets[0].cdr is unknown; did you mean cidr?',
    ],
    ['policy: {verb: [dial]}', 'key policy.verb is unknown; did you mean verbs?'],
    ['policy: {verbs: [deal]}', 'key policy.verbs[0] must be "dial" or "listen"'],
    ['policy: {targets: [some]}', 'must be "any" or an object'],
    ['policy: any', 'key policy must be an object'],
    ['peers: [web]', 'key peers must be an object'],
    ['peers: {web: }', 'key peers.web must be an object'],
    ['peers: {web: {address: []}}', 'must have at least 1 element(s)'],
    ['peers: {web: {carrier: udp}}', 'must be "tls" or "quic"'],
    ['peers: {web: {address: "http://x"}}', 'peers.web: address: address protocol "http" is not known'],
    ['peers: {web: {address: "x:0"}}', 'peers.web: address: '],
    ['peers: {web: {resume: 30}}', 'peers.web.resume must be a string'],
    ['peers: {web: {resume: "30"}}', 'peers.web: resume: duration "30" has no unit'],
    ['peers: {wormhole: {}}', 'peers.wormhole: wormhole stands for all who hold the common key'],
    ['peers: {10.0.0.1: {}}', '10.0.0.1 is an address; choose a name'],
    ['peers: {"a b": {}}', '"a b" is not a name of a peer'],
    ['peers: {"": {}}', 'is not a name of a peer'],
    ['peers: {__proto__: {}}', 'is not a name of a peer'],
    ['peers: {web: {policy: {}}}', 'a policy of its own needs a key of its own'],
    [
      'peers: {web: {key-file: /k, policy: {targets: [{ports: 80}]}}}',
      'policy: targets[0]: the rule does not say where',
    ],
    ['policy: {images: ["a b"]}', 'policy: images[0]: '],
    ['policy: {run-flags: [volumes]}', 'policy: run-flags[0]: "volumes" is not a flag'],
  ])('%s is refused: %s', async (text, message) => {
    const answer = await refused(text);
    expect(answer).toMatch(/^WH_ERR_CONFIG: /);
    expect(answer).toContain(message);
  });

  test('are no flags and no variables', async () => {
    expect(await refused('', '--peers', '{}')).toContain('unknown option --peers');
    const loaded = await loadConfig(config, [], { WORMHOLE_PEERS: 'x', WORMHOLE_POLICY: '' }, '1.2.3');
    expect(loaded).toMatchObject({ settings: { peers: [] } });
  });

  test('are shown by --print-config, as a config file again', async () => {
    const first = await load('peers: {web: {address: "10.0.0.7"}}\npolicy: {verbs: [dial]}', '--print-config');
    const text = 'print' in first ? first.print : '';
    expect(text).toMatch(/^peers: \{"web":\{"address":"10.0.0.7"\}\} +# file /m);
    expect(text).toMatch(/^policy: \{"verbs":\["dial"\]\} +# file /m);
    expect((await settings(text)).peers).toMatchObject([{ name: 'web' }]);
  });
});

describe("the daemon's own name", () => {
  test('is the one of the setting, or that of the host in letters that a peer can use', async () => {
    expect((await settings('name: shop-1')).name).toBe('shop-1');
    expect((await settings('', '--name', 'a.b')).name).toBe('a.b');
    expect(ownName('db.example.org')).toBe('db.example.org');
    expect(ownName("-Ann's PC_")).toBe('Ann-s-PC');
    for (const strange of ['', '127', '10.0.0.1', 'wormhole', '-.-']) expect(ownName(strange)).toBe('unnamed');
    expect(ownName('a'.repeat(200))).toHaveLength(63);
  });

  test.each(['wormhole', '10.0.0.1', 'a b', '-a'])('is not %s', async (name) => {
    expect(await refused('', `--name=${name}`)).toContain('WH_ERR_CONFIG: name: ');
  });
});
