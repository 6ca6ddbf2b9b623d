import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readKeyFile } from '../../lib/key-file.ts';
import { peerKeys } from './peer-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'wormhole-peer-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text = randomBytes(32).toString('hex'), mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, `${text}\n`, { mode });
  return path;
}

const common = (path: string) => ({ psk: readKeyFile(path), path });

describe('the keys of peers', () => {
  test('are there by name, beside the common one; who has none of its own is no identity', () => {
    const shop = file('shop');
    const keys = peerKeys([{ name: 'shop', keyFile: shop }, { name: 'friend' }], common(file('common')));
    expect([...keys.keys()]).toEqual(['wormhole', 'shop']);
    expect(keys.get('shop')?.equals(readKeyFile(shop))).toBe(true);
  });

  test('are no copies of the common key, nor of one another', () => {
    const text = randomBytes(32).toString('hex');
    const [one, other] = [file('one', text), file('other', `  ${text}`)];
    expect(() => peerKeys([{ name: 'shop', keyFile: other }], common(one))).toThrow(
      `key file ${other} of peer shop holds the common key (${one})`,
    );
    const peers = [
      { name: 'shop', keyFile: one },
      { name: 'ship', keyFile: other },
    ];
    expect(() => peerKeys(peers, common(file('third')))).toThrow('of peer ship holds the key of peer shop');
    try {
      peerKeys(peers, common(file('fourth')));
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain(text);
    }
  });

  test.each([
    ['missing', 'does not exist', () => join(folder, 'none')],
    ['open to others', 'is open to group or others', () => file('open', undefined, 0o644)],
    ['short', 'fewer than 32', () => file('short', 'abc')],
  ])("A7 are judged as the daemon's own: %s", (_, reason, make) => {
    expect(() => peerKeys([{ name: 'shop', keyFile: make() }], common(file('own')))).toThrow(reason);
  });
});
