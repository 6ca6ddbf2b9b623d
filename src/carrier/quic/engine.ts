/**
 * The engine boundary: what the rest of the program knows of QUIC. Everything behind it can be replaced.
 *
 * Reading is pulling: a byte that nobody asked for stays in the engine, counts against the window that the peer was
 * given, and so stops the peer. Writing takes what there is room for and says how much. Nothing is buffered here.
 */
import type { WormholeError } from '../../lib/errors.ts';
import type { Held } from '../memory.ts';

/** PEM texts: who we are, and whom we believe. The other end's certificate is always demanded and checked. */
export interface QuicCredentials {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What both ends of a connection agree on in the handshake. */
export interface QuicTransport {
  /** Protocols inside, the preferred one first. */
  readonly alpn: readonly string[];
  /** A connection that hears nothing for this long is over. */
  readonly idleMs: number;
  /** Streams that the peer may have open at once. */
  readonly streams: number;
  /** Bytes that the peer may send ahead of the reader of a stream: at first, and once that has shown that it reads. */
  readonly firstWindow: number;
  readonly streamWindow: number;
  /** Largest UDP payload that is sent; 1,200 is what every path takes. */
  readonly packetBytes: number;
}

/** An IP literal and a port; port 0 = ephemeral. */
export interface QuicAddress {
  readonly host: string;
  readonly port: number;
}

export interface QuicListenOptions {
  readonly address: QuicAddress;
  readonly credentials: QuicCredentials;
  readonly transport: QuicTransport;
  readonly limits: QuicLimits;
  /** The peer's certificate was checked; whoever is called owns the connection. */
  readonly onConnection: (connection: QuicConnection) => void;
  /** Somebody was turned away, or went away, before that. */
  readonly onRefused?: (address: string, reason: string) => void;
}

/** What strangers may cost before their certificate is checked, and peers after; times are milliseconds. */
export interface QuicLimits {
  readonly handshakes: number;
  readonly handshakesPerSource: number;
  readonly handshakeMs: number;
  readonly connections: number;
}

export interface QuicConnectOptions {
  readonly address: QuicAddress;
  /** The name that the server's certificate has to have. */
  readonly serverName: string;
  readonly credentials: QuicCredentials;
  readonly transport: QuicTransport;
  /** A ping after each so many milliseconds, which keeps the connection and the NATs on its way. */
  readonly keepAliveMs: number;
  readonly handshakeMs: number;
  readonly signal: AbortSignal;
}

export interface QuicListener extends AsyncDisposable {
  /** What was really bound. */
  readonly address: QuicAddress;
  /** Certificates for handshakes from now on. @throws {WormholeError} WH_ERR_CONFIG; the old ones stay */
  replaceCredentials(credentials: QuicCredentials): void;
  /** Says goodbye to every peer, and closes the socket. */
  close(): Promise<void>;
}

/** Facts about the other end; the certificate is proved, the address is where its packets go now. */
export interface QuicPeer {
  /** `HOST:PORT`, for logs. */
  readonly address: string;
  /** Its certificate, DER. */
  readonly certificate: Buffer;
}

export interface QuicStats {
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly packetsLost: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Smoothed round trip in whole milliseconds. */
  readonly rttMs: number;
}

export interface QuicConnection {
  readonly peer: QuicPeer;
  /** The protocol that was agreed on. */
  readonly alpn: string;
  readonly closed: boolean;
  /** Streams that are open, of either end. */
  readonly streams: number;
  /** Milliseconds of `performance.now()`: when a packet of the peer came last. */
  readonly heardAt: number;
  /** A new stream in both directions; undefined while the peer allows no more. The peer learns of it with the first byte. */
  openStream(): QuicStream | undefined;
  /** Streams that the peer opens; called at once for those that wait. Whoever is called owns the stream. */
  onStream(take: (stream: QuicStream) => void): void;
  /** Called once, at once when it is over already; without a reason after a goodbye of either end. */
  onClose(tell: (reason?: WormholeError) => void): void;
  /** Is the peer there? Resolves with false when nothing comes back for `ms`. */
  ping(ms: number): Promise<boolean>;
  stats(): QuicStats;
  /** Says goodbye; all streams are over. */
  close(): void;
}

/** What a stream tells the one who uses it. */
export interface QuicStreamUser {
  /** There is something to read: bytes, the end, or a reset. */
  onReadable(): void;
  /** After a `write` that did not take all: there is room. */
  onWritable(): void;
  /** The stream broke: reset by the peer, or its connection is gone. Called once, last. */
  onBroken(reason: WormholeError): void;
}

export interface QuicStream {
  readonly id: number;
  readonly connection: QuicConnection;
  /** The peer's end was read. */
  readonly ended: boolean;
  /**
   * Begins to tell `user`; once.
   *
   * @param held told what it holds in memory, see `unread.ts`; one that is left unread where that is exhausted may be broken with
   * WH_ERR_LIMIT
   */
  attach(user: QuicStreamUser, held?: Held): void;
  /** Puts the next bytes into `into`. @returns how many; 0 = none now */
  read(into: Uint8Array): number;
  /** @returns how many bytes, from the first on, were taken */
  write(bytes: Uint8Array): number;
  /** No more will be written, but for `last`, which is sent with the end. */
  fin(last?: Uint8Array): void;
  /** Gives up both directions: the peer finds this out, what was not sent is lost. No-op on a stream that is over. */
  abort(code: number): void;
}

export interface QuicEngine extends AsyncDisposable {
  /** @throws {WormholeError} WH_ERR_LISTEN, WH_ERR_CONFIG */
  listen(options: QuicListenOptions): Promise<QuicListener>;
  /**
   * Resolves when the server has proved its name and accepted our certificate.
   *
   * @throws {WormholeError} WH_ERR_PEER_UNREACHABLE, WH_ERR_PEER_AUTH, WH_ERR_CONFIG, or the signal's reason
   */
  connect(options: QuicConnectOptions): Promise<QuicConnection>;
}
