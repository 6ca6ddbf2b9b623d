/**
 * What negotiating needs of a protocol: to read what the client wants, and to say yes or no at any point of it.
 */
import type { Destination } from './destination.ts';
import type { Refusal } from './refusal.ts';

/** True when that user has that password. */
export type Check = (user: string, password: string) => boolean | Promise<boolean>;

/** What a client said. */
export interface Opening {
  readonly destination: Destination;
  /** Who it is, where credentials were asked for. */
  readonly user?: string;
}

/** The client's side of the connection, as a dialect may use it. */
export interface Line {
  /**
   * Takes the next message off the client.
   *
   * @param length of the message that `bytes` begin with; undefined while more has to come
   * @throws {Refused} 'large'
   * @throws {ClientLeft}
   */
  take(length: (bytes: Uint8Array, seen: number) => number | undefined): Promise<Buffer>;
  say(bytes: Uint8Array): void;
}

/** One protocol, for the length of one negotiation. */
export interface Dialect {
  readonly protocol: 'http' | 'socks5';
  /**
   * Goes on from the first message until the destination is known.
   *
   * @param check absent = anybody
   * @throws {Refused}
   */
  open(first: Buffer, check: Check | undefined, line: Line): Promise<Opening>;
  /** @param bound our end of the connection to the destination, where it is known */
  yes(bound?: Destination): string | Uint8Array;
  /** How `why` is said at this point. */
  no(why: Refusal): string | Uint8Array;
}
