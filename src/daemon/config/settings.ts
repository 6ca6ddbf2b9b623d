/**
 * The effective configuration as typed values: what the daemon is built from.
 *
 * Owns the second half of validation, what a schema cannot say: addresses, durations, ranges.
 */
import { resolve } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { CONTROL_PORT, parseAddress } from '../../spec/address.ts';
import { parseDuration } from '../../spec/duration.ts';
import type { Policy } from '../../spec/policy.ts';
import { type PolicyShape, parsePolicy } from '../../spec/policy-shape.ts';
import type { Effective } from './effective.ts';
import { type Cidr, type PortRange, parseCidr, parseLabelAddress, parsePortRange, parseTunnelIp } from './network.ts';
import { ownName, type PeerSettings, type PeerShape, parsePeerName, parsePeers } from './peers.ts';

/** A TCP control address; `host` '' means all addresses of the machine. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** How messages call the policy of those who have none of their own. */
const COMMON_POLICY = 'the policy for peers';

export interface Settings {
  /** TCP control addresses, without repeats; empty when every `-H` is a unix socket. */
  readonly tcp: readonly TcpAddress[];
  /** Absolute paths of control sockets, the local one first, without repeats. */
  readonly unix: readonly string[];
  /** `chosen` is false when the path is the default: only there a missing key is made. */
  readonly keyFile: { readonly path: string; readonly chosen: boolean };
  /** What this daemon calls itself to peers. */
  readonly name: string;
  /** In the order of the file; none has the name or the key of another. */
  readonly peers: readonly PeerSettings[];
  /** For holders of the common key. */
  readonly policy: Policy;
  readonly stateDir: string;
  /** `loopback`, or addresses, that labels of containers may listen on; empty = labels are not looked at. */
  readonly labels: readonly string[];
  readonly logLevel: string;
  readonly drainMs: number;
  /** Kept for tunnels. */
  readonly tunnels: {
    readonly internalIp?: string;
    readonly externalIp?: string;
    readonly cidr: Cidr;
    readonly ports: PortRange;
  };
}

/** @throws {WormholeError} WH_ERR_CONFIG naming the setting, its origin and the remedy */
export function toSettings(config: readonly Effective[]): Settings {
  const read = <T>(key: string, parse: (key: string, text: string) => T): T | undefined => {
    const setting = config.find(({ option }) => option.key === key);
    return setting?.value === undefined ? undefined : told(setting, () => parse(key, String(setting.value)));
  };
  const need = <T>(key: string, parse: (key: string, text: string) => T): T => {
    const value = read(key, parse);
    if (value === undefined) throw new WormholeError('WH_ERR_CONFIG', `${key} has no value`);
    return value;
  };
  const list = <T>(key: string, parse: (key: string, text: string) => T): T[] => {
    const setting = config.find(({ option }) => option.key === key);
    return ((setting?.value ?? []) as string[]).map((text) => told(setting, () => parse(key, text)));
  };
  /** What stands in the file as an object. */
  const object = <S, T>(key: string, parse: (shape: S) => T): T => {
    const setting = config.find(({ option }) => option.key === key);
    return told(setting, () => parse((setting?.value ?? {}) as S));
  };
  const path = (_: string, text: string): string => resolve(text);
  const listen = config.find(({ option }) => option.key === 'listen');
  const addresses = ((listen?.value ?? []) as string[]).map((text) => told(listen, () => parseAddress(text)));
  const tcp = addresses.flatMap((address): TcpAddress[] => {
    if (address.kind === 'unix') return [];
    return [address.kind === 'tcp' ? address : { host: address.name, port: CONTROL_PORT }];
  });
  const unix = addresses.flatMap((address) => (address.kind === 'unix' ? [resolve(address.path)] : []));
  const internalIp = read('internal-ip', parseTunnelIp);
  const externalIp = read('external-ip', parseTunnelIp);
  return {
    tcp: tcp.filter((a, i) => tcp.findIndex((b) => b.host === a.host && b.port === a.port) === i),
    unix: [...new Set([need('socket', path), ...unix])],
    keyFile: {
      path: need('key-file', path),
      chosen: config.some(({ option, origin }) => option.key === 'key-file' && origin !== 'default'),
    },
    name: read('name', (_, text) => parsePeerName(text)) ?? ownName(),
    peers: object('peers', (shapes: Readonly<Record<string, PeerShape>>) => parsePeers(shapes)),
    policy: object('policy', (shape: PolicyShape) => parsePolicy(shape, COMMON_POLICY)),
    stateDir: need('state-dir', path),
    labels: list('labels', parseLabelAddress),
    logLevel: need('log-level', (_, text) => text),
    drainMs: need('drain', (_, text) => parseDuration(text)),
    tunnels: {
      ...(internalIp !== undefined && { internalIp }),
      ...(externalIp !== undefined && { externalIp }),
      cidr: need('cidr', parseCidr),
      ports: need('ports', parsePortRange),
    },
  };
}

/** Adds the setting and where it came from to what its parser said. */
function told<T>(setting: Effective | undefined, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!WormholeError.is(cause) || setting === undefined) throw cause;
    const { option, origin } = setting;
    const message = cause.message.startsWith(option.key) ? cause.message : `${option.key}: ${cause.message}`;
    throw new WormholeError('WH_ERR_CONFIG', `${message} (from ${origin})`, {
      cause,
      detail: { key: option.key, origin },
    });
  }
}
