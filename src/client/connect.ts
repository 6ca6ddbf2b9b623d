/**
 * The way in: options to a {@link Client}.
 */
import { WormholeError } from '../lib/errors.ts';
import { CONTROL_PORT, CONTROL_SOCKET, parseAddress } from '../spec/address.ts';
import type { PeerAddress } from '../spec/plan.ts';
import { Client } from './client.ts';
import { chooseEndpoint } from './endpoint.ts';

export interface ConnectOptions {
  /** `HOST`, `HOST:PORT`, `[IPv6]:PORT`, `:PORT`, `unix:///PATH`; absent = the local daemon. */
  readonly address?: string;
  /** The local daemon's socket, used when there is no `address`; default /run/wormhole/wormhole.sock when it exists. */
  readonly socketPath?: string;
  /** Key for TCP addresses; default /etc/wormhole/key.secret. Read at each call, so a new key is picked up. */
  readonly keyFile?: string;
  /** Milliseconds for each call, connecting included; 0 = no limit. Default 30,000. */
  readonly timeoutMs?: number;
  /** Aborts every call. */
  readonly signal?: AbortSignal;
}

/**
 * Makes a client of one daemon. Nothing is opened yet; each call connects.
 *
 * Without an address the local daemon's unix socket is used when it exists (no key needed), else 127.0.0.1:9999.
 *
 * @throws {WormholeError} WH_ERR_USAGE when `address` cannot be read
 */
export function connect(options: ConnectOptions = {}): Client {
  const { address, socketPath, keyFile, timeoutMs = 30_000, signal } = options;
  const parsed = address === undefined ? undefined : readAddress(address);
  return new Client({
    ...chooseEndpoint(parsed, socketPath, { port: CONTROL_PORT, socketPath: CONTROL_SOCKET }),
    timeoutMs,
    ...(keyFile !== undefined && { keyFile }),
    ...(signal !== undefined && { signal }),
  });
}

function readAddress(text: string): PeerAddress {
  try {
    return parseAddress(text);
  } catch (error) {
    // The same words are data in a spec and usage here.
    if (WormholeError.is(error)) throw new WormholeError('WH_ERR_USAGE', error.message, { cause: error });
    throw error;
  }
}
