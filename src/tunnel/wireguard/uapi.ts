/**
 * The words that wireguard-go is told keys and peers with, and that it answers. Pure.
 *
 * Lines of `key=value`, keys in hexadecimal; a blank line ends. See https://www.wireguard.com/xplatform/#configuration-protocol.
 */
import { isIPv6 } from 'node:net';
import type { WireguardDevice, WireguardPeer, WireguardPeerChange } from '../../sys/netlink/wireguard.ts';
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import type { DeviceSecrets } from './engine.ts';
import { publicKeyOf } from './key.ts';

export const askDevice = 'get=1\n\n';

export const setDevice = ({ privateKey, listenPort }: DeviceSecrets): string =>
  lines([
    ['set', '1'],
    ['private_key', hex(privateKey)],
    ['listen_port', `${listenPort}`],
  ]);

export function setPeer(how: 'add' | 'change' | 'remove', peer: WireguardPeerChange): string {
  const { publicKey, presharedKey, endpoint, keepaliveSeconds, allowed } = peer;
  return lines([
    ['set', '1'],
    ['public_key', hex(publicKey)],
    ['remove', how === 'remove' ? 'true' : undefined],
    ['update_only', how === 'change' ? 'true' : undefined],
    ['preshared_key', presharedKey && hex(presharedKey)],
    ['endpoint', endpoint && endpointText(endpoint)],
    ['persistent_keepalive_interval', keepaliveSeconds?.toString()],
    ['replace_allowed_ips', allowed && 'true'],
    ['allowed_ip', allowed && `${allowed}/${isIPv6(allowed) ? 128 : 32}`],
  ]);
}

/** The errno at the end of an answer, 0 when all went well; undefined when it is not at its end. */
export function answerErrno(answer: string): number | undefined {
  const end = /(?:^|\n)errno=(-?\d+)\n\n$/.exec(answer);
  return end === null ? undefined : Math.abs(Number(end[1]));
}

/** Secrets of an interface, to start it again with. */
export interface KnownSecrets {
  readonly privateKey?: Buffer;
  /** By public key in hexadecimal. */
  readonly presharedKeys: ReadonlyMap<string, Buffer>;
}

export function readSecrets(answer: string): KnownSecrets {
  const presharedKeys = new Map<string, Buffer>();
  let privateKey: Buffer | undefined;
  let peer = '';
  for (const [key, value] of pairs(answer)) {
    if (key === 'private_key') privateKey = Buffer.from(value, 'hex');
    if (key === 'public_key') peer = value;
    if (key === 'preshared_key' && !/^0+$/.test(value)) presharedKeys.set(peer, Buffer.from(value, 'hex'));
  }
  return { presharedKeys, ...(privateKey === undefined ? {} : { privateKey }) };
}

/** What is set, without secrets. */
export function readDevice(answer: string): WireguardDevice {
  const peers: WireguardPeer[] = [];
  let listenPort = 0;
  let key: Buffer | undefined;
  let of: Map<string, string[]> | undefined;
  const end = (): void => {
    if (of !== undefined) peers.push(peerOf(of));
  };
  for (const [name, value] of pairs(answer)) {
    if (name === 'public_key') {
      end();
      of = new Map();
    }
    if (of !== undefined) of.set(name, [...(of.get(name) ?? []), value]);
    else if (name === 'listen_port') listenPort = Number(value);
    else if (name === 'private_key') key = Buffer.from(value, 'hex');
  }
  end();
  return { ...(key === undefined ? {} : { publicKey: publicKeyOf(key) }), listenPort, peers };
}

function peerOf(of: ReadonlyMap<string, readonly string[]>): WireguardPeer {
  const number = (name: string): number => Number(of.get(name)?.[0] ?? 0);
  const endpoint = readEndpoint(of.get('endpoint')?.[0]);
  const seconds = number('last_handshake_time_sec');
  return {
    publicKey: Buffer.from(of.get('public_key')?.[0] ?? '', 'hex'),
    ...(endpoint === undefined ? {} : { endpoint }),
    keepaliveSeconds: number('persistent_keepalive_interval'),
    ...(seconds === 0 ? {} : { lastHandshake: new Date(seconds * 1_000) }),
    bytesIn: number('rx_bytes'),
    bytesOut: number('tx_bytes'),
    allowed: of.get('allowed_ip') ?? [],
  };
}

function pairs(answer: string): Array<readonly [key: string, value: string]> {
  return answer.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
}

const lines = (all: ReadonlyArray<readonly [key: string, value: string | undefined]>): string =>
  `${all.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`])).join('')}\n`;

const hex = (bytes: Buffer): string => bytes.toString('hex');

const endpointText = ({ host, port }: IpEndpoint): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

function readEndpoint(text: string | undefined): IpEndpoint | undefined {
  const parts = /^\[?(.+?)]?:(\d+)$/.exec(text ?? '');
  return parts === null ? undefined : { host: parts[1] ?? '', port: Number(parts[2]) };
}
