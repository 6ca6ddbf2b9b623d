/**
 * One end of a relayed connection: its socket, what the kernel said about it, and the bytes read from it that the
 * other end has not taken yet.
 *
 * All of it is plain state (a socket, at most one pipe, flags, counters), so that a living connection can be described
 * and handed on.
 */
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../sys/constants.ts';
import type { Pollable } from '../thread/loop.ts';
import type { Connection } from './connection.ts';
import type { Pipe } from './pipes.ts';

const ENDING = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/** Registered once, never modified: edge-triggered, both directions. */
export const WATCHED = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/** See the module header. */
export class Side implements Pollable {
  readonly connection: Connection;
  /** Owned; -1 before the dial and after closing. */
  fd: number;
  /** There may be something to read. */
  readable = false;
  /** The socket may take bytes. */
  writable = false;
  /** FIN, HUP or an error was reported: from now on only reading to the end tells whether it is drained. */
  finSeen = false;
  /** Everything was read. */
  eof = false;
  /** FIN was sent. */
  shut = false;
  /** Writing failed for good; reading may still yield bytes that arrived before. */
  broken = false;
  /** Positive errno that a failed write took off the socket: reading will then say EOF, and it is not one. */
  failure = 0;
  /** The last read filled its buffer: use splice. */
  bulk = false;
  /** Bytes read from this socket that wait in {@link pipe}. */
  inPipe = 0;
  pipe: Pipe | undefined;
  /** Bytes read from this socket that wait in memory: the rest of one small read, or a header to send first. */
  held: Uint8Array | undefined;
  /** Bytes read from this socket. */
  bytes = 0;
  /** Writes to this socket until TCP_NODELAY is due; -1 = not TCP, or done. */
  writesToNoDelay: number;

  /** @param fd owned from now on, -1 = none yet */
  constructor(connection: Connection, fd: number, writesToNoDelay: number) {
    this.connection = connection;
    this.fd = fd;
    this.writesToNoDelay = writesToNoDelay;
  }

  onEvents(events: number): void {
    this.connection.onEvents(this, events);
  }

  /** Takes down what an event says. */
  note(events: number): void {
    if (events & EPOLLOUT) this.writable = true;
    if (events & ENDING) this.finSeen = true;
    if (events & (EPOLLIN | ENDING)) this.readable = true;
  }

  /** Bytes of this side wait for the other. */
  get pending(): boolean {
    return this.inPipe > 0 || this.held !== undefined;
  }
}
