/**
 * Keys: who is let in, and what is no key.
 *
 *     wormhole -K theirs ──TLS──✗ wormholed -K ours
 */
import { chmodSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { tlsPeer } from '../support/carrier-peer.ts';
import { command } from '../support/command.ts';
import { Belongings, wormholed } from '../support/daemon.ts';
import { reach } from '../support/local.ts';
import { type Ended, wormhole } from '../support/program.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();

/** Ways in which a key file is none, and a word of the reason; more of them beside `key-file.ts`. */
const unusable: ReadonlyArray<readonly [string, string, (path: string) => void | Promise<unknown>]> = [
  ['missing', 'does not exist', () => undefined],
  ['empty', 'is empty', (path) => writeFileSync(path, '', { mode: 0o600 })],
  ['blank', 'is empty', (path) => writeFileSync(path, ' \n\t\n', { mode: 0o600 })],
  ['too short', 'fewer than 32', (path) => writeFileSync(path, `${'k'.repeat(31)}    \n`, { mode: 0o600 })],
  ['readable by the group', 'chmod 600', (path) => writeFileSync(path, 'k'.repeat(40), { mode: 0o640 })],
  ['a FIFO', 'is not a regular file', (path) => command('mkfifo', ['-m', '600', path])],
];

describe('the key', () => {
  test('XT14, A7: without the same key nobody is let in, whatever says what the key is', async () => {
    using stranger = new Belongings();
    const address = ['-H', '127.0.0.1:9999'];
    for (const [words, env] of [
      [[...address, '-K', stranger.keyFile], {}],
      [address, { WORMHOLE_KEY_FILE: stranger.keyFile }],
      [['-K', stranger.keyFile], { WORMHOLE_KEY_FILE: daemon().of.keyFile, WORMHOLE_HOST: '127.0.0.1:9999' }],
      [[], { WORMHOLE_KEY_FILE: stranger.keyFile, WORMHOLE_HOST: '127.0.0.1:9999' }],
    ] satisfies ReadonlyArray<readonly [string[], Record<string, string>]>) {
      for (const verb of [['ping'], ['ls'], ['create', 'url', ':7000', 'tail', 'url', ':7001']]) {
        const { code, stdout, stderr } = await wormhole([...words, ...verb], { env });
        expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
        expect(stderr).toContain('WH_ERR_PEER_AUTH');
      }
    }
    expect(await reach(7000)).toBe('ECONNREFUSED');
    const { code } = await wormhole(['ls'], {
      env: { WORMHOLE_KEY_FILE: daemon().of.keyFile, WORMHOLE_HOST: '127.0.0.1:9999' },
    });
    expect(code).toBe(0);
  });

  test('XT14: neither an empty key, nor none, nor the key under another name opens the port', async () => {
    const { keyFile } = daemon().of;
    const key = readKeyFile(keyFile).bytes();
    for (const attempt of [{}, { key: new Uint8Array(32) }, { key, identity: 'root' }, { key, identity: '' }]) {
      expect(await tlsPeer({ port: 9999, ...attempt })).toHaveProperty('error');
    }
    const friend = await tlsPeer({ port: 9999, key });
    expect(friend).toHaveProperty('stream');
    if ('stream' in friend) friend.stream.destroy();
  });

  test.each(unusable)('XT14, A7: a key file that is %s is refused by both programs', async (_what, reason, make) => {
    using of = new Belongings();
    const path = join(of.folder, 'other.key');
    await make(path);
    const refused = ({ code, stderr }: Ended): void => {
      expect(code).toBe(78);
      expect(stderr).toContain(reason);
      expect(stderr).toContain(path);
      expect(stderr).not.toContain('kkkk');
    };
    const { folder, socket, stateDir } = of;
    const paths = { folder, socket, stateDir, keyFile: path };
    for (const ended of await Promise.all([
      wormhole(['-H', '127.0.0.1:9999', '-K', path, 'ping']),
      wormholed(paths).ended,
      // Also where no key is needed: a mistake must not wait for the day that it is.
      wormholed(paths, { flags: ['-H', 'unix://./x'] }).ended,
    ])) {
      refused(ended);
    }
    expect(existsSync(socket)).toBe(false);
  });

  test('a link to a good key is a good key', async () => {
    const { folder, keyFile } = daemon().of;
    const link = join(folder, 'link');
    symlinkSync(keyFile, link);
    chmodSync(keyFile, 0o400);
    expect((await wormhole(['-H', '127.0.0.1:9999', '-K', link, 'ping'])).code).toBe(0);
  });
});
