/**
 * The server's end: one socket, many connections, told apart by the connection id that we chose for each.
 *
 *   a packet ─┬─ with an id that we gave to a connection ─► that connection
 *             ├─ of a version that we do not speak ───────► the versions that we do
 *             ├─ first of a connection, no token ─────────► Retry; nothing is remembered
 *             ├─ first of a connection, good token ───────► a connection, if the gate lets it in
 *             └─ anything else ───────────────────────────► nothing
 *
 * What is answered to strangers is shorter than what they sent, so nobody is flooded through us.
 */
import { randomBytes } from 'node:crypto';
import type { WormholeError } from '../../lib/errors.ts';
import { Gate, type Place } from '../gate.ts';
import { formatPeer } from '../peer.ts';
import { nativeConfig } from './config.ts';
import { QuicheConnection } from './connection.ts';
import type { QuicAddress, QuicCredentials, QuicListener, QuicListenOptions } from './engine.ts';
import { Loop } from './loop.ts';
import type { Port, Remote } from './port.ts';
import type { NativeConfig, NativeConnection, NativeHeader, Quiche } from './quiche.ts';
import { RetryTokens } from './retry-token.ts';

/** Bytes of the connection ids that we choose. */
const ID = 16;
/** A client's first packet is padded to this, RFC 9000, 14.1. */
const FIRST_PACKET = 1_200;
const LONG_HEADER = 0x80;
const INITIAL = 0;

export class QuicheListener implements QuicListener {
  readonly #quiche: Quiche;
  readonly #options: QuicListenOptions;
  readonly #loop: Loop;
  readonly #gate: Gate;
  readonly #tokens = new RetryTokens();
  readonly #connections = new Map<string, QuicheConnection>();
  #config: NativeConfig;
  #closed = false;

  /** @param port owned from now on */
  constructor(quiche: Quiche, port: Port, config: NativeConfig, options: QuicListenOptions) {
    this.#quiche = quiche;
    this.#options = options;
    this.#config = config;
    this.#gate = new Gate({ ...options.limits, firstByteMs: 0 });
    this.#loop = new Loop(port, (packet, remote) => this.#route(packet, remote));
  }

  get address(): QuicAddress {
    return this.#loop.port.local;
  }

  replaceCredentials(credentials: QuicCredentials): void {
    this.#config = nativeConfig(this.#quiche, credentials, this.#options.transport);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.close();
    this.#loop.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #route(packet: Buffer, remote: Remote): void {
    const isLong = ((packet[0] ?? 0) & LONG_HEADER) !== 0;
    const start = isLong ? 6 : 1;
    const length = isLong ? (packet[5] ?? 0) : ID;
    const known = length === ID ? this.#connections.get(packet.toString('latin1', start, start + ID)) : undefined;
    if (known !== undefined) known.receive(packet, remote);
    else if (isLong && packet.length >= FIRST_PACKET && !this.#closed) this.#meet(packet, remote);
  }

  #meet(packet: Buffer, remote: Remote): void {
    let header: NativeHeader;
    try {
      header = this.#quiche.Header.fromSlice(packet, ID);
    } catch {
      return; // not QUIC
    }
    const { version, dcid, scid, token, ty } = header;
    if (version === 0) return; // an answer; we asked nothing
    if (!this.#quiche.versionIsSupported(version)) {
      this.#reply(remote, (into) => this.#quiche.negotiateVersion(scid, dcid, into));
      return;
    }
    if (ty !== INITIAL || dcid.length < 8) return;
    const source = sourceText(remote);
    if (token === undefined || token.length === 0) {
      const id = randomBytes(ID);
      const made = this.#tokens.make(source, id, dcid);
      this.#reply(remote, (into) => this.#quiche.retry(scid, dcid, id, made, version, into));
      return;
    }
    const odcid = this.#tokens.check(source, dcid, token);
    if (odcid !== undefined && dcid.length === ID) this.#accept(packet, remote, dcid, odcid);
  }

  #reply(remote: Remote, write: (into: Buffer) => number): void {
    const into = Buffer.alloc(FIRST_PACKET);
    try {
      this.#loop.reply(remote, into.subarray(0, write(into)));
    } catch {
      // Nothing to be said to that.
    }
  }

  #accept(packet: Buffer, remote: Remote, id: Uint8Array, odcid: Buffer): void {
    const address = formatPeer(remote.host, remote.port);
    const place = this.#gate.enter(remote.host);
    if (typeof place === 'string') {
      this.#options.onRefused?.(address, place);
      return;
    }
    const { from, to } = remote.info;
    let native: NativeConnection;
    try {
      native = this.#quiche.Connection.accept(id, odcid, to, from, this.#config);
    } catch {
      // An address that it cannot read, say: a stranger's packet must not end more than itself.
      place.left();
      return;
    }
    const key = Buffer.from(id).toString('latin1');
    const { transport, limits, onConnection } = this.#options;
    const connection = new QuicheConnection(native, this.#loop, {
      isServer: true,
      remote,
      packetBytes: transport.packetBytes,
      handshakeMs: limits.handshakeMs,
      idleMs: transport.idleMs,
      keepAliveMs: Infinity,
      onEstablished: (established) => {
        place.settled();
        onConnection(established);
      },
      onEnd: (ended, reason) => this.#left(key, ended, reason, place),
    });
    this.#connections.set(key, connection);
    connection.receive(packet, remote);
  }

  #left(key: string, connection: QuicheConnection, reason: WormholeError | undefined, place: Place): void {
    place.left();
    this.#connections.delete(key);
    if (connection.established || this.#closed) return;
    this.#options.onRefused?.(formatPeer(connection.remote.host, connection.remote.port), reason?.message ?? 'it left');
  }
}

/** What a token is bound to: where it was asked from. */
function sourceText({ host, port }: Remote): string {
  return `${host} ${port}`;
}
