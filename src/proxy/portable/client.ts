/**
 * A client of a portable route: a connection that its listener accepted, or a stream that came otherwise.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
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
  /** Its target is reached, over `upstream`, which it borrows; without one it is yet to say where it wants to go. */
  dialed(upstream?: Duplex): void;
  /** After everything else, however it went. */
  readonly over?: () => void;
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
