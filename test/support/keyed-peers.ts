/** Peers with keys and policies of their own, as the configuration of a daemon has them. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Belongings } from './daemon.ts';
import { PeerCaller } from './peer-call.ts';

export class KeyedPeers {
  readonly #folder: string;
  /** For the daemon. */
  readonly flags: readonly string[];

  /** @param policies by the name of the peer, as in wormholed.yaml */
  constructor({ folder }: Belongings, policies: Readonly<Record<string, object>>) {
    this.#folder = folder;
    for (const name of Object.keys(policies)) {
      writeFileSync(this.keyFile(name), `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    }
    const peers = Object.entries(policies).map(([name, policy]) => [name, { 'key-file': this.keyFile(name), policy }]);
    const config = join(folder, 'wormholed.yaml');
    // JSON is YAML.
    writeFileSync(config, JSON.stringify({ peers: Object.fromEntries(peers) as object }));
    this.flags = ['--config', config];
  }

  keyFile(name: string): string {
    return join(this.#folder, `${name}.key`);
  }

  caller(name: string): PeerCaller {
    return new PeerCaller(this.keyFile(name), name);
  }
}
