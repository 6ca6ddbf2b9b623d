/**
 * From an accepted TCP connection to one whose peer has proved a key and chosen a protocol.
 *
 *     accept ─► gate ─► TLS 1.3, PSK ─► ALPN ─► handed on
 *                │          │            │
 *               shed   failed, late   none: closed
 *
 * Owns connections until they are handed on (they come without `allowHalfOpen` and leave with it); every error a socket can emit ends here. There is no certificate on
 * this side, so a client without a key finds nothing it could finish a handshake with.
 */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { tlsProfile } from '../lib/tls-profile.ts';
import type { EventRate } from './events.ts';
import type { Gate, Place } from './gate.ts';
import type { Keys } from './keys.ts';
import type { CarrierLimits } from './limits.ts';
import { type CarrierPeer, formatPeer } from './peer.ts';
import type { Accepting, LoadTls, SecureStream } from './secure-stream.ts';

export interface HandshakeOptions {
  readonly keys: Keys;
  readonly gate: Gate;
  readonly limits: CarrierLimits;
  readonly events: EventRate;
  /** Names offered, the preferred one first. */
  readonly protocols: readonly string[];
  /** Takes the stream. `stream.alpnProtocol` is one of `protocols`. */
  readonly onSecure: (stream: TLSSocket, peer: CarrierPeer) => void;
  /** A TLS beside node's for what peers of the carrier dial; asked for with the first connection. */
  readonly otherTls: LoadTls | undefined;
  /** Takes the stream of a peer that speaks the carrier's protocol, over that TLS. */
  readonly onCarrier: (stream: SecureStream, peer: CarrierPeer) => void;
}

/** A handshake under way. */
interface Attempt {
  /** The accepted socket, or what has taken it over. */
  connection: { destroy(): unknown };
  readonly place: Place;
  readonly timer: NodeJS.Timeout;
  readonly address: string;
  /** Why it failed, as far as it is known. */
  reason: string;
}

/** Runs all handshakes of the carrier. */
export class Handshakes {
  readonly #options: HandshakeOptions;
  readonly #server: Server;
  /** By both ends: a TLSSocket does not say which socket it was made of, but it has the same ends. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #identities = new WeakMap<TLSSocket, string>();

  constructor(options: HandshakeOptions) {
    this.#options = options;
    const { keys } = options;
    this.#server = createServer({
      ...tlsProfile,
      ca: [],
      ALPNProtocols: [...options.protocols],
      // A session ticket would let its holder in again without the key. (TLS 1.3 still sends one, for a session that
      // is stored nowhere; whoever presents it fails like an unknown identity.)
      secureOptions: constants.SSL_OP_NO_TICKET,
      // Node's own limit restarts with every byte; ours does not.
      handshakeTimeout: 2 * options.limits.handshakeMs,
      pskCallback: (socket, identity) => {
        if (keys.knows(identity)) this.#identities.set(socket, identity);
        return keys.keyOf(identity);
      },
    });
    this.#server.on('secureConnection', (stream) => this.#secured(stream));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, stream) => {
      const attempt = this.#attempts.get(endsOf(stream));
      if (attempt?.reason === '') attempt.reason = reasonOf(error);
    });
  }

  /**
   * Takes a fresh connection, that nothing was read from.
   *
   * @param onTaken something else is in the place of `raw` from now on
   */
  accept(raw: Socket, onTaken: (instead: SecureStream) => void): void {
    const { gate, limits, events } = this.#options;
    raw.on('error', () => {});
    const address = formatPeer(raw.remoteAddress, raw.remotePort);
    const place = gate.enter(raw.remoteAddress ?? '');
    if (typeof place === 'string') {
      raw.destroy();
      events.report('shed', address, place);
      return;
    }
    const ends = endsOf(raw);
    const attempt: Attempt = {
      connection: raw,
      place,
      address,
      reason: '',
      timer: setTimeout(() => {
        attempt.reason = 'timeout';
        attempt.connection.destroy();
      }, limits.handshakeMs),
    };
    this.#attempts.set(ends, attempt);
    const closed = (): void => {
      place.left();
      if (this.#attempts.get(ends) !== attempt) return;
      this.#forget(ends, attempt);
      events.report('handshake-failed', address, attempt.reason || 'closed-by-peer');
    };
    raw.once('close', closed);
    const taken = (stream: SecureStream): void => {
      raw.off('close', closed);
      attempt.connection = stream;
      stream.once('close', closed);
      onTaken(stream);
    };
    void this.#choose(raw, attempt, ends, taken);
  }

  /** Which TLS has it. */
  async #choose(raw: Socket, attempt: Attempt, ends: string, onTaken: (stream: SecureStream) => void): Promise<void> {
    const { keys, otherTls, onCarrier } = this.#options;
    const onOther = (): void => void (raw.destroyed || this.#server.emit('connection', raw));
    const other = await otherTls?.();
    if (other === undefined || raw.destroyed) return onOther();
    const accepting: Accepting = {
      keys,
      onTaken,
      onOther,
      onFailed: (code) => {
        if (attempt.reason === '') attempt.reason = reasonOf({ code });
      },
      onSecure: (stream, identity) => {
        this.#settle(ends, attempt);
        onCarrier(stream, { identity, address: attempt.address });
      },
    };
    try {
      other.accept(raw, accepting);
    } catch (error) {
      // Out of descriptors, say: this one is lost, the port is not.
      attempt.reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
      raw.destroy();
    }
  }

  #settle(ends: string, attempt: Attempt): void {
    this.#forget(ends, attempt);
    attempt.place.settled();
  }

  /** Ends all handshakes under way. */
  abort(): void {
    for (const [ends, attempt] of this.#attempts) {
      this.#forget(ends, attempt);
      attempt.connection.destroy();
    }
  }

  #forget(ends: string, attempt: Attempt): void {
    clearTimeout(attempt.timer);
    this.#attempts.delete(ends);
  }

  #secured(stream: TLSSocket): void {
    stream.on('error', () => {});
    const ends = endsOf(stream);
    const attempt = this.#attempts.get(ends);
    const identity = this.#identities.get(stream);
    // Without an attempt the connection was reset meanwhile; without an identity it was not our key that let it in.
    if (attempt === undefined || identity === undefined || !stream.isSessionReused()) return void stream.destroy();
    this.#settle(ends, attempt);
    // Half-closing is for those who have proved a key; before, an end was the end.
    stream.allowHalfOpen = true;
    if (typeof stream.alpnProtocol !== 'string') {
      stream.destroy();
      this.#options.events.report('handshake-failed', attempt.address, 'no-alpn');
      return;
    }
    this.#options.onSecure(stream, { identity, address: attempt.address });
  }
}

function endsOf(socket: Socket): string {
  return `${socket.remoteAddress}|${socket.remotePort}|${socket.localAddress}|${socket.localPort}`;
}

function reasonOf(error: Pick<NodeJS.ErrnoException, 'code'>): string {
  return error.code === 'ERR_SSL_BINDER_DOES_NOT_VERIFY' ? 'wrong-key' : (error.code ?? 'unknown');
}
