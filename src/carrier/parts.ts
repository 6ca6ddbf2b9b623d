/**
 * What the carrier's thread loads when it is needed first: most daemons have no peers, and do not pay for them.
 */
import type { MessagePort } from 'node:worker_threads';
import type { DatagramSockets } from './datagram/sockets.ts';
import type { StreamHead } from './link/head.ts';
import type { Incoming } from './link/incoming.ts';
import type { Link } from './link/link.ts';
import type { Links } from './link/links.ts';
import type { LoadTls } from './secure-stream.ts';

/** What a peer opens a stream for, but for what the carrier serves by itself. */
export type ServedHead = Exclude<StreamHead, { kind: 'api' | 'quic' }>;

/** Serves the streams of peers in the carrier's thread. */
export interface StreamServer {
  onStream(link: Link, incoming: Incoming, head: ServedHead): void;
  /** The thread is to end. */
  close(): void;
}

/** @param streams whatever came with the start of the thread, for the one who serves the streams */
export type MakeStreamServer = (streams: MessagePort | undefined, links: Links) => StreamServer;

/** What costs memory, and is loaded with the first link. */
export interface Parts {
  readonly makeStreams: MakeStreamServer;
  /** For datagrams beside the links; absent = they go over streams. */
  readonly sockets?: DatagramSockets;
}

/** What is loaded when it is needed first. */
export interface Load {
  readonly parts: () => Promise<Parts>;
  /** A TLS beside node's, for links; resolves with nothing where there is none. */
  readonly otherTls: LoadTls;
}
