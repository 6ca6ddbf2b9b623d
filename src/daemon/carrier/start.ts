/**
 * Starts the carrier of this daemon: the control port, TLS 1.3 with a pre-shared key ended in a thread of its own, and the
 * links to peers there. What proved the key and speaks HTTP arrives here in the clear.
 */
import { Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { QuicPeer } from '../../carrier/lane/lanes-of.ts';
import type { Own } from '../../carrier/link/links.ts';
import { type CarrierListener, startCarrierListener } from '../../carrier/listener.ts';
import type { LinkChange } from '../../carrier/messages.ts';
import type { WormholeError } from '../../lib/errors.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Origin } from '../api/operations.ts';
import type { TcpAddress } from '../config/settings.ts';
import type { Logger } from '../log.ts';

export interface StartOptions {
  /** Host '' = all addresses of the machine; none = nobody can dial this daemon, which can dial others. */
  readonly addresses: readonly TcpAddress[];
  /** PSK identity → key of those who may dial. */
  readonly keys: ReadonlyMap<string, Secret>;
  readonly own: Own;
  /** Names that only one identity may use. */
  readonly names: ReadonlyArray<readonly [name: string, identity: string]>;
  /** Peers whose connections are wanted over QUIC. */
  readonly quic: readonly QuicPeer[];
  /** To the worker's end of the plane. */
  readonly streams: MessagePort;
  /** Takes ownership of each connection to the control API. */
  readonly admit: (connection: Socket, origin: Origin) => void;
  readonly onLink: (link: number, change: LinkChange) => void;
  readonly log: Logger;
  /** The carrier's thread died: nobody can reach the control port any more. */
  readonly onFailure: (error: WormholeError) => void;
}

/** @throws {WormholeError} WH_ERR_LISTEN when one of the addresses cannot be bound; none is then */
export async function startCarrier({ addresses, admit, log, ...rest }: StartOptions): Promise<CarrierListener> {
  const carrier = await startCarrierListener({
    ...rest,
    entry: new URL('./worker.js', import.meta.url),
    // '::' takes IPv4 too; see bindv6only in ipv6(7).
    addresses: addresses.map(({ host, port }) => ({ host: host === '' ? '::' : host, port })),
    onHttp: (plain, peer) => {
      const socket = new Socket({ fd: plain.release(), readable: true, writable: true, allowHalfOpen: true });
      log.debug({ peer: peer.address, identity: peer.identity, link: peer.link?.number }, 'control connection');
      admit(socket, { kind: 'peer', ...peer });
    },
    onEvent: ({ kind, address, reason, suppressed }) => {
      log.info({ peer: address, reason, ...(suppressed > 0 && { suppressed }) }, `control port: ${kind}`);
    },
  });
  if (addresses.length > 0) log.info({ addresses: carrier.addresses }, 'control port open');
  return carrier;
}
