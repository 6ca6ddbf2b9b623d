/**
 * The keys that tunnels of a host have, as the kernel and wireguard-go tell them to root, and a search for them wherever else they could
 * have come to: arguments and environments of all programs, what daemons log, answer and keep.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WormholeList } from '../../src/spec/api.ts';
import type { Host } from './host.ts';

/** Answered to everybody who may ask. */
const ANSWERS = ['/v1/tunnels', '/v1/wormholes', '/v1/stats', '/v1/logs', '/v1/peers', '/v1/doctor'];
/** Bytes of a key that are looked for: of a longer one the same as of the part of it that encrypts. */
const TELLING = 30;

/** Private, preshared and symmetric keys. */
export async function tunnelKeys(host: Host): Promise<readonly Buffer[]> {
  const { stdout } = await host.run(['sh', '-c', 'ip xfrm state; wg show all private-key; wg show all preshared-keys']);
  const sealing = [...stdout.matchAll(/aead rfc4106\(gcm\(aes\)\) 0x([0-9a-f]{72}) /g)];
  const wireguard = [...stdout.matchAll(/\t([A-Za-z0-9+/]{43}=)$/gm)];
  return [
    ...sealing.map(([, key = '']) => Buffer.from(key, 'hex')),
    ...wireguard.map(([, key = '']) => Buffer.from(key, 'base64')),
  ];
}

/** Where one of those keys is written, in any of the usual ways. @param hosts whose daemons are asked and whose files are read */
export async function placesOf(keys: readonly Buffer[], hosts: readonly Host[]): Promise<readonly string[]> {
  const spellings = keys.flatMap((key) => {
    const telling = key.subarray(0, TELLING);
    const words = [telling.toString('base64'), telling.toString('base64url'), telling.toString('latin1')];
    return [telling.toString('hex'), telling.toString('hex').toUpperCase(), [...telling].join(), ...words];
  });
  const found: string[] = [];
  const search = (where: string, text: string): void => {
    if (spellings.some((one) => text.includes(one))) found.push(where);
  };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const file of ['cmdline', 'environ']) search(`/proc/${pid}/${file}`, read(`/proc/${pid}/${file}`));
  }
  for (const { name, daemon, belongings } of hosts) {
    search(`log of ${name}`, daemon.log);
    const { wormholes } = await daemon.get<WormholeList>('/v1/wormholes');
    for (const path of [...ANSWERS, ...wormholes.map(({ id }) => `/v1/wormholes/${id}`)]) {
      search(`${path} of ${name}`, (await daemon.ask(path)).text);
    }
    for (const file of readdirSync(belongings.folder, { recursive: true, encoding: 'utf8' })) {
      search(`${file} of ${name}`, read(join(belongings.folder, file)));
    }
  }
  return found;
}

/** Nothing of what is no file, or not there any more. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
