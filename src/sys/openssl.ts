/**
 * The OpenSSL inside node, for TLS on descriptors of our own: the functions that node exports to native addons, typed.
 * The same library, and so the same fixes, as `node:tls`, without a stream between it and the socket. Pointers are plain
 * numbers; whoever makes a thing frees it. Names, arguments and results are those of the manual pages (SSL_read(3ssl), …).
 */
import koffi, { type LibraryHandle } from 'koffi';
import { memoryAt } from './libc.ts';

/** SSL_get_error(3ssl) */
export const SslError = { ssl: 1, wantRead: 2, wantWrite: 3, syscall: 5, zeroReturn: 6 } as const;
/** Return values of an ALPN callback: SSL_TLSEXT_ERR_OK and SSL_TLSEXT_ERR_ALERT_FATAL. */
const AlpnVerdict = { chosen: 0, refused: 2 } as const;

/** Commands of SSL_CTX_ctrl, behind macros in ssl.h. */
const Ctrl = { mode: 33, cacheMode: 44, groupsList: 92, minVersion: 123, maxVersion: 124 } as const;
/** SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER. Without SSL_MODE_ENABLE_PARTIAL_WRITE one SSL_write makes all its records. */
const modes = 0x2;
/** SSL_OP_NO_TICKET, SSL_OP_NO_COMPRESSION, SSL_OP_NO_RENEGOTIATION */
const options = 2 ** 14 + 2 ** 17 + 2 ** 30;
const tls13 = 0x0304;
const verifyPeer = 1;
const BIO_SHUTDOWN_WRITE = 142; // Command of BIO_ctrl, behind a macro in bio.h.

/** What both ends pin. */
export interface ContextOptions {
  readonly ciphersuites: string;
  readonly groups: string;
  /** For those who dial: whoever answers with a certificate is refused, since nobody's is trusted. */
  readonly dials: boolean;
}

/** Addresses of a connection, and of our end of the rings that it reads from and writes into. */
export type Connection = Readonly<Record<'ssl' | 'ring', number>>;
export type RingSizes = Readonly<Record<'incoming' | 'outgoing', number>>;

type Numbers = (...values: number[]) => number;

/** @throws {Error} where node does not export them */
export class Openssl {
  static #made: Openssl | null | undefined;
  readonly #node: LibraryHandle;
  readonly #ctrl: (context: number, command: number, value: number, text: string | null) => number;

  readonly read: Numbers;
  readonly write: Numbers;
  readonly getError: Numbers;
  readonly doHandshake: Numbers;
  readonly shutdown: Numbers;
  readonly keyUpdate: Numbers;
  readonly free: Numbers;
  readonly setConnectState: Numbers;
  readonly setAcceptState: Numbers;
  readonly sessionReused: Numbers;
  readonly version: Numbers;
  readonly clearErrors: () => void;
  /** What may be read of, and written into, a BIO pair without copying: BIO_nread(bio, char**, num). */
  readonly bioNread0: Numbers;
  readonly bioNread: Numbers;
  readonly bioNwrite0: Numbers;
  readonly bioNwrite: Numbers;
  /** BIO_ctrl_wpending(3ssl): bytes that were written there and that the other end of the pair has not read. */
  readonly bioPending: Numbers;
  readonly bioFree: Numbers;
  readonly #exportKeys: (...values: (number | string)[]) => number;
  readonly #peekError: () => number;
  readonly #reason: (code: number) => string | null;
  readonly #peerCertificate: Numbers;
  readonly #certificateFree: Numbers;
  readonly #newPair: Numbers;
  readonly #bioCtrl: Numbers;
  readonly #newSsl: Numbers;
  readonly #setBio: Numbers;
  readonly #offer: Numbers;
  readonly #chosen: Numbers;

  /** @returns undefined where node does not export them */
  static load(): Openssl | undefined {
    if (Openssl.#made === undefined) {
      try {
        Openssl.#made = new Openssl(koffi.load(null));
      } catch {
        Openssl.#made = null;
      }
    }
    return Openssl.#made ?? undefined;
  }

  private constructor(node: LibraryHandle) {
    this.#node = node;
    const raw = <F>(signature: string): F => node.func(signature) as unknown as F;
    this.#ctrl = raw('long SSL_CTX_ctrl(uintptr_t, int, long, const char *)');
    this.read = raw('int SSL_read(uintptr_t, uintptr_t, int)');
    this.write = raw('int SSL_write(uintptr_t, uintptr_t, int)');
    this.getError = raw('int SSL_get_error(uintptr_t, int)');
    this.doHandshake = raw('int SSL_do_handshake(uintptr_t)');
    this.shutdown = raw('int SSL_shutdown(uintptr_t)');
    this.keyUpdate = raw('int SSL_key_update(uintptr_t, int)');
    this.free = raw('void SSL_free(uintptr_t)');
    this.setConnectState = raw('void SSL_set_connect_state(uintptr_t)');
    this.setAcceptState = raw('void SSL_set_accept_state(uintptr_t)');
    this.sessionReused = raw('int SSL_session_reused(uintptr_t)');
    this.version = raw('int SSL_version(uintptr_t)');
    this.clearErrors = raw('void ERR_clear_error()');
    this.bioNread0 = raw('int BIO_nread0(uintptr_t, uintptr_t)');
    this.bioNread = raw('int BIO_nread(uintptr_t, uintptr_t, int)');
    this.bioNwrite0 = raw('int BIO_nwrite0(uintptr_t, uintptr_t)');
    this.bioNwrite = raw('int BIO_nwrite(uintptr_t, uintptr_t, int)');
    this.bioPending = raw('size_t BIO_ctrl_wpending(uintptr_t)');
    this.bioFree = raw('int BIO_free(uintptr_t)');
    this.#exportKeys = raw(
      'int SSL_export_keying_material(uintptr_t, uintptr_t, size_t, const char *, size_t, uintptr_t, size_t, int)',
    );
    this.#peekError = raw('unsigned long ERR_peek_error()');
    this.#reason = raw('const char *ERR_reason_error_string(unsigned long)');
    this.#peerCertificate = raw('uintptr_t SSL_get1_peer_certificate(uintptr_t)');
    this.#certificateFree = raw('void X509_free(uintptr_t)');
    this.#newPair = raw('int BIO_new_bio_pair(uintptr_t, size_t, uintptr_t, size_t)');
    this.#bioCtrl = raw('long BIO_ctrl(uintptr_t, int, long, uintptr_t)');
    this.#newSsl = raw('uintptr_t SSL_new(uintptr_t)');
    this.#setBio = raw('void SSL_set_bio(uintptr_t, uintptr_t, uintptr_t)');
    this.#offer = raw('int SSL_set_alpn_protos(uintptr_t, uintptr_t, uint)');
    this.#chosen = raw('void SSL_get0_alpn_selected(uintptr_t, uintptr_t, uintptr_t)');
  }

  /** A context for TLS 1.3 without tickets and without certificates of anybody; lives as long as the process. */
  context({ ciphersuites, groups, dials }: ContextOptions): number {
    const node = this.#node;
    const method = node.func('uintptr_t TLS_method()')() as number;
    const context = node.func('uintptr_t SSL_CTX_new(uintptr_t)')(method) as number;
    const wanted = [
      this.#ctrl(context, Ctrl.minVersion, tls13, null),
      this.#ctrl(context, Ctrl.maxVersion, tls13, null),
      this.#ctrl(context, Ctrl.groupsList, 0, groups),
      node.func('int SSL_CTX_set_ciphersuites(uintptr_t, const char *)')(context, ciphersuites) as number,
      node.func('int SSL_CTX_set_num_tickets(uintptr_t, size_t)')(context, 0) as number,
    ];
    if (context === 0 || wanted.some((done) => done !== 1)) throw new Error('OpenSSL refuses the TLS profile');
    this.#ctrl(context, Ctrl.mode, modes, null);
    this.#ctrl(context, Ctrl.cacheMode, 0, null);
    node.func('uint64_t SSL_CTX_set_options(uintptr_t, uint64_t)')(context, options);
    node.func('void SSL_CTX_set_verify(uintptr_t, int, uintptr_t)')(context, dials ? verifyPeer : 0, 0);
    return context;
  }

  /**
   * The end that is dialed asks for the key of an identity.
   *
   * @param keyOf called inside a handshake; the key is copied into native memory that OpenSSL erases. Must not throw
   */
  onIdentity(context: number, keyOf: (ssl: number, identity: string) => Uint8Array): void {
    const type = koffi.proto('uint', ['uintptr_t', 'const char *', 'uintptr_t', 'uint']);
    const call = koffi.register((ssl: number, identity: string | null, psk: number, max: number): number => {
      return put(keyOf(ssl, identity ?? ''), psk, max);
    }, koffi.pointer(type));
    this.#node.func('SSL_CTX_set_psk_server_callback', 'void', ['uintptr_t', koffi.pointer(type)])(context, call);
  }

  /** The end that dials says who it is. As {@link onIdentity}. */
  onAsked(context: number, answer: (ssl: number) => { identity: string; key: Uint8Array }): void {
    const type = koffi.proto('uint', ['uintptr_t', 'const char *', 'uintptr_t', 'uint', 'uintptr_t', 'uint']);
    const call = koffi.register(
      (ssl: number, _hint: string | null, into: number, room: number, psk: number, max: number): number => {
        const { identity, key } = answer(ssl);
        return put(Buffer.from(`${identity}\0`), into, room) === 0 ? 0 : put(key, psk, max);
      },
      koffi.pointer(type),
    );
    this.#node.func('SSL_CTX_set_psk_client_callback', 'void', ['uintptr_t', koffi.pointer(type)])(context, call);
  }

  /** The end that is dialed chooses a protocol. @param protocol in wire form, in memory that stays */
  onlyProtocol(context: number, protocol: { readonly address: number; readonly buffer: Buffer }): void {
    const type = koffi.proto('int', ['uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t', 'uint', 'uintptr_t']);
    const name = protocol.buffer;
    const call = koffi.register(
      (_ssl: number, out: number, outLength: number, offered: number, count: number): number => {
        if (!offers(view(offered, count), name)) return AlpnVerdict.refused;
        view(out, 8).writeBigUInt64LE(BigInt(protocol.address + 1));
        view(outLength, 1)[0] = name[0] as number;
        return AlpnVerdict.chosen;
      },
      koffi.pointer(type),
    );
    const set = this.#node.func('SSL_CTX_set_alpn_select_cb', 'void', ['uintptr_t', koffi.pointer(type), 'uintptr_t']);
    set(context, call, 0);
  }

  /**
   * A connection between two rings: the caller fills the one that it reads from, and empties the one that it writes into.
   *
   * @param scratch 16 bytes @param protocol to offer; absent for the end that is dialed
   * @returns what was made; the connection owns all but `ring`
   */
  connection(context: number, { incoming, outgoing }: RingSizes, scratch: number, protocol?: number): Connection {
    const paired = this.#newPair(scratch, outgoing, scratch + 8, incoming);
    const ssl = this.#newSsl(context);
    if (paired !== 1 || ssl === 0) throw new Error('OpenSSL has no memory');
    const [its = 0, ring = 0] = [0, 8].map((at) => Number(view(scratch, 16).readBigUInt64LE(at)));
    this.#setBio(ssl, its, its);
    if (protocol !== undefined) this.#offer(ssl, protocol, (view(protocol, 1)[0] as number) + 1);
    return { ssl, ring };
  }

  /** Name of the protocol that was chosen; '' for none. @param scratch 16 bytes */
  protocolOf(ssl: number, scratch: number): string {
    this.#chosen(ssl, scratch, scratch + 8);
    const found = view(scratch, 16);
    const address = Number(found.readBigUInt64LE(0));
    return address === 0 ? '' : view(address, found.readUInt32LE(8)).toString('latin1');
  }

  /** What the other end of the pair reads after what is there is the end. */
  bioShutdownWrite(bio: number): void {
    this.#bioCtrl(bio, BIO_SHUTDOWN_WRITE, 0, 0);
  }

  hasPeerCertificate(ssl: number): boolean {
    const certificate = this.#peerCertificate(ssl);
    if (certificate !== 0) this.#certificateFree(certificate);
    return certificate !== 0;
  }

  /** RFC 5705, RFC 8446 §7.5, without a context. @param into `length` bytes of native memory */
  exportKeys(ssl: number, into: number, length: number, label: string): boolean {
    return this.#exportKeys(ssl, into, length, label, label.length, 0, 0, 0) === 1;
  }

  /** The oldest error of this thread, in OpenSSL's words: 'BINDER_DOES_NOT_VERIFY'; '' when there is none. */
  reason(): string {
    const code = this.#peekError();
    return code === 0 ? '' : (this.#reason(code) ?? '').toUpperCase().replaceAll(' ', '_');
  }
}

/** @returns bytes put there, 0 when there is no room */
function put(bytes: Uint8Array, address: number, room: number): number {
  if (bytes.length <= room) view(address, bytes.length).set(bytes);
  return bytes.length <= room ? bytes.length : 0;
}

const view = (address: number, size: number): Buffer => Buffer.from(memoryAt(address, size));

/** @param list names with their lengths before them @param name such a name */
function offers(list: Buffer, name: Buffer): boolean {
  for (let at = 0; at < list.length; at += 1 + (list[at] as number)) {
    if (list.subarray(at, at + name.length).equals(name)) return true;
  }
  return false;
}
