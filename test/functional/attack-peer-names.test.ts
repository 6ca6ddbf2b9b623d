/**
 * Going on to another peer: judged by the name that is written, at the daemon that would have to dial.
 *
 *     shop ── key of its own ──► gate: eu-* and nobody else ──► eu-1, us-1
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { Belongings, Daemon } from '../support/daemon.ts';

describe('a peer that may go on to some', () => {
  const belongings: Belongings[] = [];
  let shop: Daemon;
  let gate: Daemon;

  function configured(of: Belongings, config: object): readonly string[] {
    const file = join(of.folder, 'wormholed.yaml');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
    return ['--config', file];
  }

  beforeAll(async () => {
    const [ofGate, ofShop] = [new Belongings(), new Belongings()];
    belongings.push(ofGate, ofShop);
    const key = join(ofGate.folder, 'shop.key');
    writeFileSync(key, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    const policy = { verbs: ['dial'], targets: [{ peer: 'eu-*' }] };
    const others = { 'eu-1': { address: '198.51.100.1' }, 'us-1': { address: '198.51.100.2' } };
    const peers = { ...others, shop: { 'key-file': key, policy } };
    gate = await Daemon.start({
      of: ofGate,
      flags: ['-H', '127.0.0.2:9999', ...configured(ofGate, { name: 'gate', peers })],
    });
    const known = { gate: { address: '127.0.0.2:9999', 'key-file': key } };
    shop = await Daemon.start({ of: ofShop, flags: configured(ofShop, { name: 'shop', peers: known }) });
  });
  afterAll(async () => {
    await Promise.all([shop, gate].map((one) => one?.[Symbol.asyncDispose]()));
    for (const each of belongings) each[Symbol.dispose]();
  });

  const create = (through: string) => shop.wormhole('create', 'url', ':0', ...through.split(' '), 'tail', 'url', ':80');

  test.each(['remote gate remote us-1', 'remote gate remote 198.51.100.1', 'remote gate remote localhost:9001'])(
    'A6 is refused another name, or an address in place of one, and nothing is left: %s',
    async (through) => {
      const { code, stderr } = await create(through);
      expect([code, stderr]).toEqual([77, expect.stringContaining('WH_ERR_POLICY')]);
      expect(stderr).toContain('peer gate: ');
      for (const daemon of [shop, gate]) {
        expect((await daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
      }
      expect((await shop.wormhole('ping', ...through.replaceAll('remote ', '').split(' '))).code).toBe(77);
    },
  );

  test('A6 gets as far as the dial with a name that is allowed', async () => {
    // In the box of this test there is no way to it.
    for (const failed of [await create('remote gate remote eu-1'), await shop.wormhole('ping', 'gate', 'eu-1')]) {
      expect([failed.code, failed.stderr]).toEqual([69, expect.stringContaining('198.51.100.1:9999: ENETUNREACH')]);
    }
  });
});
