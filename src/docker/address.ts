/**
 * Where the container engine listens: DOCKER_HOST, else Docker's socket, else Podman's.
 *
 * Pure apart from asking which sockets exist; makes no connection. Certificates are read by `client.ts`.
 */
import { WormholeError } from '../lib/errors.ts';

export type EngineAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: boolean };

/** The part of the environment that Docker's own client reads. */
export type EngineEnvironment = Readonly<Record<string, string | undefined>>;

export const dockerSocket = '/var/run/docker.sock';
export const podmanSocket = '/run/podman/podman.sock';

/** IANA ports of the Docker API, clear and over TLS. */
const clearPort = 2375;
const tlsPort = 2376;

/**
 * @param exists answers whether a path exists; asked for the two default sockets only
 * @throws {WormholeError} WH_ERR_DOCKER_UNAVAILABLE when DOCKER_HOST cannot be used
 */
export function engineAddress(env: EngineEnvironment, exists: (path: string) => boolean): EngineAddress {
  const text = env['DOCKER_HOST'] ?? '';
  if (text === '' || text === 'unix://') {
    return { kind: 'unix', path: !exists(dockerSocket) && exists(podmanSocket) ? podmanSocket : dockerSocket };
  }
  const unix = /^unix:\/\/(\/.*)$/.exec(text)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  const url = parse(text);
  const tls = url.protocol === 'https:' || (env['DOCKER_TLS_VERIFY'] ?? '') !== '' || url.port === String(tlsPort);
  const port = url.port === '' ? (tls ? tlsPort : clearPort) : Number(url.port);
  return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port, tls };
}

/** The address as DOCKER_HOST would spell it. */
export function formatEngineAddress(address: EngineAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `tcp://${host}:${address.port}`;
}

/** True when anyone on the way could read and change what the engine says. */
export function isExposed(address: EngineAddress): boolean {
  return address.kind === 'tcp' && !address.tls && !/^(127(\.\d+){3}|::1|localhost)$/.test(address.host);
}

function parse(text: string): URL {
  const spelled = text.includes('://') ? text : `tcp://${text}`;
  // To a WHATWG URL `tcp` is opaque: no default port, no check of the host. `http` parses the same text.
  const url = /^(tcp|http|https):\/\//.test(spelled) ? tryUrl(spelled.replace(/^tcp:/, 'http:')) : undefined;
  if (url !== undefined && url.hostname !== '') return url;
  throw new WormholeError(
    'WH_ERR_DOCKER_UNAVAILABLE',
    `DOCKER_HOST is ${text}: wormholed can use unix:///PATH and tcp://HOST:PORT; its containers must run on this machine`,
  );
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
