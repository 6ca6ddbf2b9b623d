/**
 * The lanes of a daemon, by its configuration and its addresses.
 */
import { isIP } from 'node:net';
import { WormholeError } from '../../lib/errors.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import type { Link } from '../link/link.ts';
import type { QuicAddress } from '../quic/engine.ts';
import type { ListenAddress } from '../server.ts';
import { Lanes, type LanesOptions } from './lanes.ts';

/** A peer that the configuration wants a lane with: by the key that is its own, else by what it calls itself. */
export interface QuicPeer {
  readonly name: string;
  readonly identity: string;
}

export interface LanesOfOptions extends Pick<LanesOptions, 'host' | 'onChange' | 'onRefused'> {
  readonly quic: readonly QuicPeer[];
  /** Where the control port is, as it was bound. */
  readonly addresses: readonly ListenAddress[];
}

export function lanesOf({ quic, addresses, ...rest }: LanesOfOptions): Lanes {
  return new Lanes({
    ...rest,
    wants: ({ peer, hello }: Link) =>
      quic.some(
        ({ name, identity }) => identity === peer.identity && (identity !== commonIdentity || name === hello?.name),
      ),
    addressFor: (local) => beside(local, addresses),
    engine: async () => await (await import('../quic/quiche-engine.ts')).quicheEngine(),
  });
}

/** UDP beside the control port: the same host, the next port. @throws {WormholeError} WH_ERR_LISTEN */
export function beside(local: string, addresses: readonly ListenAddress[]): QuicAddress {
  const at = addresses.find(({ host }) => host === local) ?? addresses.find(({ host }) => isAny(host)) ?? addresses[0];
  if (at === undefined || at.port >= 65_535) {
    throw new WormholeError('WH_ERR_LISTEN', 'there is no UDP port for QUIC beside the control port');
  }
  return { host: isIP(at.host) === 0 ? local : at.host, port: at.port + 1 };
}

const isAny = (host: string): boolean => host === '::' || host === '0.0.0.0';
