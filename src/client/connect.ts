/**
 * The way in: options to a {@link Client}.
 */
import { WormholeError } from '../lib/errors.ts';
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
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const { address, socketPath, keyFile, timeoutMs = 30_000, signal } = options;
  const parsed = address === undefined ? undefined : await readAddress(address);
  return new Client({
    ...chooseEndpoint(parsed, socketPath),
    timeoutMs,
    ...(keyFile !== undefined && { keyFile }),
    ...(signal !== undefined && { signal }),
  });
}

/** The grammar is loaded only for those who write an address: the local socket is the path that must be quick. */
async function readAddress(text: string): Promise<PeerAddress> {
  const { parseAddress } = await import('../spec/address.ts');
  try {
    return parseAddress(text);
  } catch (error) {
    // The same words are data in a spec and usage here.
    if (WormholeError.is(error)) throw new WormholeError('WH_ERR_USAGE', error.message, { cause: error });
    throw error;
  }
}
