/**
 * What all TLS connections of a thread share: OpenSSL's two contexts, pinned as `lib/tls-profile.ts` says, and who asks for keys.
 */
import { alpn, tlsProfile } from '../../lib/tls-profile.ts';
import { EventLoop } from '../../sys/event-loop.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { type Connection, Openssl, type RingSizes } from '../../sys/openssl.ts';
import type { KeyOfPeer } from '../secure-stream.ts';

/** Answers a handshake's question for a key. */
export interface Asked {
  /** Of the end that dials. */
  readonly own?: KeyOfPeer;
  /** Of the end that is dialed. */
  readonly keyOf?: (identity: string) => Uint8Array;
}

/** Where a connection leads, as far as anybody can tell. */
export interface Ends {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
}

export class SharedTls {
  readonly openssl: Openssl;
  readonly loop: EventLoop;
  /** Absent = as many as is good. */
  readonly recordsPerKey: number | undefined;
  readonly #dialing: number;
  readonly #accepting: number;
  readonly #protocol: NativeMemory;
  readonly #scratch = new NativeMemory(16);
  /** By the address of the connection. */
  readonly #asked = new Map<number, Asked>();

  /** @returns undefined where node's OpenSSL, or its event loop, cannot be had */
  static make(recordsPerKey?: number): SharedTls | undefined {
    const openssl = Openssl.load();
    const loop = EventLoop.here();
    return openssl === undefined || loop === undefined ? undefined : new SharedTls(openssl, loop, recordsPerKey);
  }

  private constructor(openssl: Openssl, loop: EventLoop, recordsPerKey: number | undefined) {
    this.openssl = openssl;
    this.loop = loop;
    this.recordsPerKey = recordsPerKey;
    const profile = { ciphersuites: tlsProfile.ciphers, groups: tlsProfile.ecdhCurve };
    this.#dialing = openssl.context({ ...profile, dials: true });
    this.#accepting = openssl.context({ ...profile, dials: false });
    const name = Buffer.from(alpn.carrier);
    this.#protocol = new NativeMemory(1 + name.length);
    this.#protocol.buffer[0] = name.length;
    name.copy(this.#protocol.buffer, 1);
    openssl.onAsked(this.#dialing, (ssl) => this.#asked.get(ssl)?.own ?? { identity: '', key: Buffer.alloc(0) });
    openssl.onIdentity(this.#accepting, (ssl, name) => this.#asked.get(ssl)?.keyOf?.(name) ?? Buffer.alloc(0));
    openssl.onlyProtocol(this.#accepting, this.#protocol);
  }

  /** @returns owned by the caller; see `Openssl.connection` */
  connect(sizes: RingSizes, asked: Asked): Connection {
    const { openssl } = this;
    const dials = asked.own !== undefined;
    const context = dials ? this.#dialing : this.#accepting;
    const offer = dials ? this.#protocol.address : undefined;
    const made = openssl.connection(context, sizes, this.#scratch.address, offer);
    if (dials) openssl.setConnectState(made.ssl);
    else openssl.setAcceptState(made.ssl);
    this.#asked.set(made.ssl, asked);
    return made;
  }

  /** Nobody will be asked any more. */
  forget(ssl: number): void {
    this.#asked.delete(ssl);
  }

  /** The key let it in, and nothing else did: OpenSSL takes an external PSK for a resumption, and no session of ours exists. */
  provedByKey(ssl: number): boolean {
    const { openssl } = this;
    return (
      openssl.sessionReused(ssl) === 1 &&
      !openssl.hasPeerCertificate(ssl) &&
      openssl.version(ssl) === 0x0304 &&
      openssl.protocolOf(ssl, this.#scratch.address) === alpn.carrier
    );
  }
}
