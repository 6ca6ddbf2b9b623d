/**
 * Which daemon a client talks to: the address given, or the local one by its unix socket, or its TCP port.
 */
import { existsSync } from 'node:fs';
import { WormholeError } from '../lib/errors.ts';
import type { PeerAddress } from '../spec/plan.ts';

/** Those of the ADDR grammar (`spec/address.ts`), which is not loaded for their sake; a test holds them together. */
export const defaultPort = 9999;
/** Where a local daemon listens for local people; access is the file's permissions, no key is needed. */
export const defaultSocketPath = '/run/wormhole/wormhole.sock';

/** A daemon's control address, really dialed. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /**
   * A way that somebody else opens, for each call anew: to a Duplex. That is not said in its type, because programs that use
   * the client may have no types of Node.
   */
  | { readonly kind: 'opened'; readonly name: string; readonly open: (signal: AbortSignal) => Promise<object> };

export interface EndpointChoice {
  readonly endpoint: Endpoint;
  /** True when nobody named an address and there was no socket: the guess of last resort. */
  readonly guessed: boolean;
}

/** Address before socket path before the default socket, if it is there, before 127.0.0.1. */
export function chooseEndpoint(address: PeerAddress | undefined, socketPath: string | undefined): EndpointChoice {
  if (address?.kind === 'name')
    return { endpoint: { kind: 'tcp', host: address.name, port: defaultPort }, guessed: false };
  if (address?.kind === 'tcp') return { endpoint: { ...address, host: address.host || '127.0.0.1' }, guessed: false };
  if (address !== undefined) return { endpoint: address, guessed: false };
  if (socketPath !== undefined) return { endpoint: { kind: 'unix', path: socketPath }, guessed: false };
  if (existsSync(defaultSocketPath)) return { endpoint: { kind: 'unix', path: defaultSocketPath }, guessed: false };
  return { endpoint: { kind: 'tcp', host: '127.0.0.1', port: defaultPort }, guessed: true };
}

/** `unix:///PATH` or `tcp://HOST:PORT`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix://${endpoint.path}`;
  if (endpoint.kind === 'opened') return endpoint.name;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}`;
}

/** What a failed connect means to the person who waits, and what to do about it. */
export function connectFailure(endpoint: Endpoint, cause: unknown): WormholeError {
  if (WormholeError.is(cause)) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  const address = formatEndpoint(endpoint);
  const detail = { address, reason: code };
  const error = (
    kind: 'WH_ERR_PERMISSION' | 'WH_ERR_NAME_NOT_RESOLVED' | 'WH_ERR_DAEMON_UNREACHABLE',
    text: string,
  ): WormholeError => new WormholeError(kind, text, { cause, detail });

  if (code === 'EACCES' || code === 'EPERM') {
    return endpoint.kind === 'unix'
      ? error('WH_ERR_PERMISSION', `you may not use ${address}; add yourself to the group wormhole or use sudo`)
      : error(
          'WH_ERR_PERMISSION',
          `this machine does not permit a connection to ${address} (${code}); look at its firewall`,
        );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return error(
      'WH_ERR_NAME_NOT_RESOLVED',
      `no address is known for the host of ${address} (${code}); is it spelled right, and does the resolver answer?`,
    );
  }
  const fact = code === 'ENOENT' || code === 'ECONNREFUSED' ? `nothing listens on ${address}` : `${address}: ${code}`;
  const remedy = isLocal(endpoint)
    ? 'is wormholed running? try: systemctl start wormholed'
    : 'is wormholed running there, and was it given that address with -H?';
  return error('WH_ERR_DAEMON_UNREACHABLE', `${fact}; ${remedy}`);
}

function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind !== 'tcp') return true;
  return /^(127\.|::1$|localhost$)/.test(endpoint.host);
}
