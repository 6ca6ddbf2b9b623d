/**
 * The control port: TLS 1.3 with a pre-shared key, ended in the carrier's own thread; what proved the key and speaks
 * HTTP arrives here in the clear.
 */
import { Socket } from 'node:net';
import { startCarrierListener } from '../../carrier/listener.ts';
import type { WormholeError } from '../../lib/errors.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Origin } from '../api/operations.ts';
import type { TcpAddress } from '../config/settings.ts';
import type { Logger } from '../log.ts';

export interface TcpListenerOptions {
  /** At least one; host '' = all addresses of the machine. */
  readonly addresses: readonly TcpAddress[];
  /** Identity → key: the common one, and those of peers that have their own. */
  readonly keys: ReadonlyMap<string, Secret>;
  /** Takes ownership of each connection. */
  readonly admit: (connection: Socket, origin: Origin) => void;
  readonly log: Logger;
  /** The carrier's thread died: nobody can reach the control port any more. */
  readonly onFailure: (error: WormholeError) => void;
}

export interface TcpListener extends AsyncDisposable {
  /** Really bound. */
  readonly addresses: readonly TcpAddress[];
}

/** @throws {WormholeError} WH_ERR_LISTEN when one of the addresses cannot be bound; none is then */
export async function listenTcp({ addresses, keys, admit, log, onFailure }: TcpListenerOptions): Promise<TcpListener> {
  const carrier = await startCarrierListener({
    // '::' takes IPv4 too; see bindv6only in ipv6(7).
    addresses: addresses.map(({ host, port }) => ({ host: host === '' ? '::' : host, port })),
    keys,
    onHttp: (plain, { identity, address }) => {
      const socket = new Socket({ fd: plain.release(), readable: true, writable: true, allowHalfOpen: true });
      log.debug({ peer: address, identity }, 'control connection');
      admit(socket, { kind: 'peer', identity, address });
    },
    onEvent: ({ kind, address, reason, suppressed }) => {
      log.info({ peer: address, reason, ...(suppressed > 0 && { suppressed }) }, `control port: ${kind}`);
    },
    onFailure,
  });
  log.info({ addresses: carrier.addresses }, 'control port open');
  return carrier;
}
