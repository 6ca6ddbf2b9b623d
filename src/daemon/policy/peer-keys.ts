/**
 * The keys of peers that have one of their own: which identity on the control port holds which key.
 *
 * A key is who one is, so no two may be alike; each file is judged as the daemon's own is. They are read when the
 * daemon starts, so that a mistake is told then and not on the day that the peer comes.
 */
import { WormholeError } from '../../lib/errors.ts';
import { readKeyFile } from '../../lib/key-file.ts';
import type { Secret } from '../../lib/secret.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import type { PeerSettings } from '../config/peers.ts';

/**
 * @param common the daemon's own key
 * @returns identity → key; the common one among them
 * @throws {WormholeError} WH_ERR_KEY_FILE
 */
export function peerKeys(
  peers: ReadonlyArray<Pick<PeerSettings, 'name' | 'keyFile'>>,
  common: { readonly psk: Secret; readonly path: string },
): ReadonlyMap<string, Secret> {
  const keys = new Map([[commonIdentity, common.psk]]);
  const paths = new Map([[commonIdentity, common.path]]);
  for (const { name, keyFile } of peers) {
    if (keyFile === undefined) continue;
    const key = readKeyFile(keyFile);
    const twin = [...keys].find(([, other]) => other.equals(key))?.[0];
    if (twin !== undefined) {
      const whose = twin === commonIdentity ? 'the common key' : `the key of peer ${twin}`;
      throw new WormholeError(
        'WH_ERR_KEY_FILE',
        `key file ${keyFile} of peer ${name} holds ${whose} (${paths.get(twin) ?? ''}); give each peer a key of its own, ` +
          'or leave key-file out for one that holds the common key',
        { detail: { path: keyFile, peer: name } },
      );
    }
    keys.set(name, key);
    paths.set(name, keyFile);
  }
  return keys;
}
