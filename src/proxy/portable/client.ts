/**
 * A client of a portable route: a connection that its listener accepted, or a stream that came otherwise.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { ConnectionRecord } from '../route.ts';
import { endpointText } from './listen-address.ts';
import { resetStream } from './reset.ts';
import { remoteOf } from './socket.ts';

/** Why a client was not served, or what ended its connection. */
export interface JoinEnd {
  readonly reason: ConnectionRecord['reason'];
  readonly detail: string;
}

export interface Client {
  /** Paused, and nothing was read from it; with `allowHalfOpen`. */
  readonly stream: Duplex;
  /** Where it came from, for the record; '' when there is nothing to say. */
  readonly from: string;
  /** After everything else, however it went. */
  readonly over?: () => void;
  /**
   * Its target is reached.
   *
   * @param local address of our end of the socket to it, as text; '' when it is none; absent: it is yet to say where it wants to go
   */
  dialed(local?: string): void;
  /** Takes it as bytes instead of as {@link stream}, which was never asked for; says that its target is reached. */
  readonly bytes?: (local: string) => { readonly stream: ByteStream; readonly early: Buffer };
  /** It reached no target; the stream is over with this. */
  failed(end: JoinEnd): void;
}

/** A connection that a listener accepted. */
export function accepted(socket: Socket): Client {
  const { host, port } = remoteOf(socket);
  return {
    stream: socket,
    from: endpointText(host, port),
    dialed: () => undefined,
    failed: () => resetStream(socket),
  };
}
