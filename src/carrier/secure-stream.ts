/**
 * A connection on which both ends have proved the key, whichever TLS it was that did it.
 *
 * `node:tls` makes one everywhere; on Linux, where node's OpenSSL can be had, `openssl/` makes one that needs no stream.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { BytePipe } from './byte-pipe.ts';
import { socketPipe } from './socket-pipe.ts';

export interface SecureStream {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly destroyed: boolean;
  /** Ends both directions now. */
  destroy(): unknown;
  /** @throws when it is over */
  exportKeyingMaterial(length: number, label: string, context: Buffer): Buffer;
  once(event: 'close', listener: () => void): unknown;
}

/** Whose key is proved. */
export interface KeyOfPeer {
  /** PSK identity that this end goes by. */
  readonly identity: string;
  readonly key: Uint8Array;
}

/** Proves the key to a peer that was dialed. */
export type SecureToPeer = (raw: Socket, key: KeyOfPeer, signal: AbortSignal) => Promise<SecureStream>;

/** TLS with those that are dialed, and the sockets for it. */
export interface DialingTls {
  /** To be connected to `host`, an address; with `allowHalfOpen`. @throws {SyscallError} EMFILE */
  readonly openSocket: (host: string) => Socket;
  readonly secureToPeer: SecureToPeer;
}

/** Keys of those who dial. */
export interface KeyRing {
  knows(identity: string): boolean;
  keyOf(identity: string): Uint8Array;
}

/** What becomes of a connection that was accepted. */
export interface Accepting {
  readonly keys: KeyRing;
  /** It is taken over: from here on `raw` is over, and `stream` is in its place. */
  readonly onTaken: (stream: SecureStream) => void;
  readonly onSecure: (stream: SecureStream, identity: string) => void;
  /** @param reason as `handshake.ts` logs it */
  readonly onFailed: (reason: string) => void;
  /** It is not for this TLS: nothing was read of it. */
  readonly onOther: () => void;
}

/** A TLS beside node's. */
export interface OtherTls extends DialingTls {
  /** @param raw not flowing, and never read from */
  accept(raw: Socket, accepting: Accepting): void;
}

/** Loads it when it is needed first. @returns undefined where there is none */
export type LoadTls = () => Promise<OtherTls | undefined>;

/** The bytes of `stream`, which is taken over. @param recordsPerKey of node's TLS; for tests */
export function pipeOf(stream: SecureStream, recordsPerKey?: number): BytePipe {
  if ('write' in stream && 'start' in stream) return stream as unknown as BytePipe;
  return socketPipe(stream as TLSSocket, recordsPerKey);
}
