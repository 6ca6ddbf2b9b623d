/**
 * Where the daemon is, as the user says it: an option wins over a variable, a variable over the default.
 *
 * Only chooses; what an address means and whether a key is needed is the client's business.
 */
import { WormholeError } from '../lib/errors.ts';
import type { Flags, Whereabouts } from './invocation.ts';

/**
 * Reads the options and, where these are silent, the variables. An empty variable counts as none; an empty
 * option is a mistake, since it is what an unset shell variable leaves behind.
 *
 * @throws {WormholeError} WH_ERR_USAGE for an empty option, or for an address and a socket at once
 */
export function whereabouts(flags: Flags, env: Readonly<Record<string, string | undefined>>): Whereabouts {
  const given = (name: string, flag: string): string | undefined => {
    const value = flags[name];
    if (value === '') throw new WormholeError('WH_ERR_USAGE', `the argument of ${flag} is empty`);
    return typeof value === 'string' ? value : undefined;
  };
  const set = (name: string): string | undefined => env[name] || undefined;

  const host = given('host', '-H');
  const socket = given('socket', '--socket');
  if (host !== undefined && socket !== undefined) {
    throw new WormholeError('WH_ERR_USAGE', '-H and --socket name two daemons; give one of them');
  }
  const keyFlag = given('keyFile', '-K');
  const keyFile = keyFlag ?? set('WORMHOLE_KEY_FILE');
  const key = keyFile === undefined ? {} : { keyFile };
  if (socket !== undefined) return { socketPath: socket, ...key };
  if (host !== undefined) return { address: host, ...key };
  const envHost = set('WORMHOLE_HOST');
  if (envHost !== undefined) return { address: envHost, ...key };
  const envSocket = set('WORMHOLE_SOCKET');
  if (envSocket !== undefined) return { socketPath: envSocket, ...key };
  // A key is of no use on the socket: who names one on the command line means the TLS port.
  return keyFlag === undefined ? key : { address: '127.0.0.1', ...key };
}
