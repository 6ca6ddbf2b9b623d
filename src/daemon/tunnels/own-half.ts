/**
 * This end of a tunnel: its own secrets, and the half that is installed once both ends have told each other theirs.
 *
 * Each end makes the keys that it receives with, and nothing else of it is ever told. Secrets live as long as the attempt.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import type { TunnelKind, TunnelOffer } from '../../spec/api.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { Sa, TunnelHalf } from '../../tunnel/half.ts';
import { type Agreed, type FarEnd, formatSa } from '../../tunnel/negotiation.ts';
import type { WireguardInterface } from './interfaces.ts';

/** Seconds between two packets that keep a NAT's mapping alive: RFC 3948 §4, and what WireGuard recommends. */
const KEEPALIVE = { ipsec: 20, wireguard: 25 } as const;

/** What this end has made for a tunnel. */
export interface OwnEnd {
  /** Outer address of this host on the way to the peer, and the one to be reached at. */
  readonly own: string;
  readonly external?: string;
  readonly sa: Sa;
  readonly udpPort?: number;
  readonly wireguard?: WireguardInterface & { readonly salt: Buffer };
}

/** How the two ends see each other. */
export interface Sight {
  /** Where the peer is seen to be, from here. */
  readonly far: string;
  /** Where this host is seen to be, from there. */
  readonly own: string;
}

export function makeSa(): Sa {
  let spi = 0;
  while (spi < 256) spi = randomBytes(4).readUInt32BE();
  return { spi, key: randomBytes(36) };
}

/** What of it the other end is told. */
export function tell(
  end: OwnEnd,
  kinds: readonly TunnelKind[],
): Pick<TunnelOffer, 'own' | 'external' | 'sa' | 'udpPort' | 'wireguard'> {
  const { own, external, sa, udpPort, wireguard } = end;
  const ipsec = kinds.some((kind) => kind !== 'wireguard');
  return {
    own,
    ...(external !== undefined && { external }),
    ...(ipsec && { sa: formatSa(sa) }),
    ...(udpPort !== undefined && kinds.includes('ipsec-udp') && { udpPort }),
    ...(wireguard !== undefined &&
      kinds.includes('wireguard') && {
        wireguard: {
          publicKey: wireguard.publicKey.toString('base64'),
          port: wireguard.listenPort,
          salt: wireguard.salt.toString('base64'),
        },
      }),
  };
}

/** Somebody translates addresses between an end and those who see it, and it has not said which one to use instead. */
export function isTranslated({ own, external }: Pick<FarEnd, 'own' | 'external'>, seen: string): boolean {
  return external === undefined && own !== seen;
}

export interface HalfParts {
  readonly id: string;
  readonly agreed: Agreed;
  readonly end: OwnEnd;
  readonly sight: Sight;
  /** This end made the offer. */
  readonly offered: boolean;
  readonly mtu?: number;
  readonly netns?: NetNamespace;
}

export function makeHalf({ id, agreed, end, sight, offered, mtu, netns }: HalfParts): TunnelHalf {
  const { kind, overlay, far } = agreed;
  const common = { overlay, ...(mtu !== undefined && { mtu }), ...(netns !== undefined && { netns }) };
  const remote = far.external ?? sight.far;
  const hidden = isTranslated(end, sight.own);
  if (kind !== 'wireguard') {
    if (far.sa === undefined) throw new Error('agreed without the keys to send with');
    const udp = { localPort: end.udpPort ?? 0, remotePort: far.udpPort ?? 0 };
    return {
      kind: 'ipsec',
      outer: { local: end.own, remote },
      ...common,
      ...(kind === 'ipsec-udp' && { udp: { ...udp, keepaliveSeconds: hidden ? KEEPALIVE.ipsec : 0 } }),
      out: far.sa,
      in: end.sa,
    };
  }
  const { wireguard } = end;
  if (wireguard === undefined || far.wireguard === undefined) throw new Error('agreed without the keys of WireGuard');
  const { publicKey, port, salt } = far.wireguard;
  // Who is behind NAT comes to us, from a port that nobody knows before; unless both are, then a guess is all there is.
  const comes = isTranslated(far, sight.far) && !hidden;
  const salts = offered ? [wireguard.salt, salt] : [salt, wireguard.salt];
  return {
    kind: 'wireguard',
    engine: wireguard.engine,
    name: wireguard.name,
    listenPort: wireguard.listenPort,
    privateKey: wireguard.privateKey,
    ...common,
    peer: {
      publicKey,
      presharedKey: Buffer.from(hkdfSync('sha256', Buffer.concat(salts), '', `wormhole wireguard ${id}`, 32)),
      ...(!comes && { endpoint: { address: remote, port } }),
      ...(hidden && { keepaliveSeconds: KEEPALIVE.wireguard }),
    },
  };
}
