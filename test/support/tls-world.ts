/**
 * A carrier port with OpenSSL beside node's TLS, and who dials it: over both, and as strangers do.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { BytePipe } from '../../src/carrier/byte-pipe.ts';
import { defaultLimits } from '../../src/carrier/limits.ts';
import { opensslTls } from '../../src/carrier/openssl/tls.ts';
import { type OtherTls, pipeOf, type SecureStream } from '../../src/carrier/secure-stream.ts';
import { CarrierServer } from '../../src/carrier/server.ts';
import { alpn, tlsProfile } from '../../src/lib/tls-profile.ts';

export const never: AbortSignal = new AbortController().signal;
export const key = randomBytes(32);
export const identity = 'wormhole';
export const tls = opensslTls() as OtherTls;

/** One end of a connection, and everything it heard. */
export class End {
  readonly events: string[] = [];
  readonly pipe: BytePipe;
  readonly stream: SecureStream;
  readonly #heard: Buffer[] = [];

  constructor(stream: SecureStream) {
    this.stream = stream;
    this.pipe = pipeOf(stream);
    this.pipe.start({
      onBytes: (bytes) => this.#heard.push(Buffer.from(bytes)),
      onDrain: () => void this.events.push('drain'),
      onEnd: () => void this.events.push('end'),
      onClose: (error) => void this.events.push(error === undefined ? 'close' : `broken: ${error.message}`),
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#heard);
  }
}

/** See the module header. */
export class TlsWorld implements AsyncDisposable {
  /** What the port said of connections that came to nothing. */
  readonly events: string[] = [];
  /** The end at the port of the first connection. */
  readonly arrived: Promise<End>;
  readonly server: CarrierServer;
  port = 0;
  readonly #closing: (() => unknown)[] = [];

  private constructor(handshakeMs: number) {
    let arrive: (end: End) => void;
    this.arrived = new Promise((resolve) => (arrive = resolve));
    this.server = new CarrierServer({
      keys: [[identity, key]],
      limits: { ...defaultLimits, handshakeMs },
      openHttp: () => Promise.reject(new Error('no')),
      onEvent: ({ kind, reason }) => void this.events.push(`${kind}: ${reason}`),
      onCarrier: (stream) => arrive(new End(stream)),
      otherTls: () => Promise.resolve(tls),
    });
  }

  static async start({ handshakeMs = 5_000 } = {}): Promise<TlsWorld> {
    const world = new TlsWorld(handshakeMs);
    world.port = (await world.server.listen([{ host: '127.0.0.1', port: 0 }]))[0]?.port ?? 0;
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.splice(0)) close();
    await this.server.close(0);
  }

  async tcp(to = this.port): Promise<Socket> {
    const socket = connectTcp({ host: '127.0.0.1', port: to, allowHalfOpen: true });
    socket.on('error', () => {});
    this.#closing.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** A port whose connections are the caller's to answer. */
  async listen(onConnection: (socket: Socket) => void): Promise<number> {
    const listening = createServer((socket) => {
      socket.on('error', () => {});
      this.#closing.push(() => socket.destroy());
      onConnection(socket);
    });
    this.#closing.push(() => listening.close());
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return (listening.address() as { port: number }).port;
  }

  /** By OpenSSL. */
  async dial({ psk = key, name = identity, to = this.port } = {}): Promise<End> {
    const end = new End(await tls.secureToPeer(await this.tcp(to), { identity: name, key: psk }, never));
    this.#closing.push(() => end.stream.destroy());
    return end;
  }

  /** By node's TLS. @returns the connection, or why there is none */
  async nodeDial(options: ConnectionOptions = {}): Promise<TLSSocket | string> {
    const socket = connect({
      ...tlsProfile,
      socket: await this.tcp(),
      ALPNProtocols: [alpn.carrier],
      pskCallback: () => ({ psk: key, identity }),
      checkServerIdentity: () => undefined,
      ...options,
    });
    this.#closing.push(() => socket.destroy());
    return await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(socket));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.once('close', () => resolve('closed'));
    });
  }
}
