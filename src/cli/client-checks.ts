/**
 * The part of `doctor` that needs no daemon: can it be reached from here, and with which key?
 *
 * Looks and never repairs. Names begin with `client`, to tell them from the daemon's own checks.
 */
import { statSync } from 'node:fs';
import { WormholeError } from '../lib/errors.ts';
import { defaultKeyPath, readKeyFile } from '../lib/key-file.ts';
import { CONTROL_SOCKET } from '../spec/address.ts';
import type { Check } from '../spec/api.ts';
import { known } from './failure.ts';
import type { Invocation, Whereabouts } from './invocation.ts';

/** Is the socket there, and is it one? */
export function checkSocket({ address, socketPath }: Whereabouts): Check {
  const name = 'client socket';
  const path = socketPath ?? (address?.startsWith('unix://') ? address.slice('unix://'.length) : undefined);
  if (path === undefined && address !== undefined)
    return { name, state: 'skip', detail: `${address} is asked`, remedy: '' };
  const shown = path || CONTROL_SOCKET;
  // Where nobody named one, the client goes on to look at the local port.
  const missing = path === undefined ? 'warn' : 'fail';
  try {
    if (statSync(shown).isSocket()) return { name, state: 'ok', detail: shown, remedy: '' };
    return { name, state: 'fail', detail: `${shown} is not a socket`, remedy: 'name the daemon’s with --socket' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'EACCES'
      ? { name, state: 'fail', detail: `${shown} may not be looked at`, remedy: 'use sudo, or join the group wormhole' }
      : {
          name,
          state: missing,
          detail: `${shown} does not exist`,
          remedy: 'start the daemon: systemctl start wormholed',
        };
  }
}

/** Would the key file do? Only needed when the daemon is asked through its TLS port. */
export function checkKeyFile({ address, keyFile }: Whereabouts): Check {
  const name = 'client key file';
  const path = keyFile ?? defaultKeyPath;
  const needed = keyFile !== undefined || (address !== undefined && !address.startsWith('unix://'));
  try {
    readKeyFile(path);
    return { name, state: 'ok', detail: path, remedy: '' };
  } catch (error) {
    if (!WormholeError.is(error)) throw error;
    const remedy = typeof error.detail['remedy'] === 'string' ? error.detail['remedy'] : '';
    return needed
      ? { name, state: 'fail', detail: error.message, remedy }
      : { name, state: 'skip', detail: `${error.message} (not needed on the socket)`, remedy: '' };
  }
}

/** Does the daemon answer, and what does it say of itself? */
export async function checkDaemon(call: Invocation): Promise<Check[]> {
  const { signal } = call.surroundings;
  const name = 'client daemon';
  try {
    await using daemon = await call.open();
    const { version, pid } = await daemon.health();
    const detail = `wormholed ${version} answers at ${daemon.address} (pid ${pid})`;
    const { checks } = await daemon.doctor();
    return [{ name, state: 'ok', detail, remedy: '' }, ...checks];
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = known(error);
    if (code === 'WH_ERR_USAGE') throw error;
    return [{ name, state: 'fail', detail: `${message} [${code}]`, remedy: remedies[code] ?? 'see docs/errors.md' }];
  }
}

const remedies: Readonly<Record<string, string>> = {
  WH_ERR_DAEMON_UNREACHABLE: 'start it: systemctl start wormholed; or name another with -H or --socket',
  WH_ERR_PERMISSION: 'use sudo, or join the group wormhole',
  WH_ERR_PEER_AUTH: 'give the key file that the daemon uses with -K',
  WH_ERR_KEY_FILE: 'repair the key file, or name another with -K',
};
