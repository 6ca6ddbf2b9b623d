/**
 * The other kind of port: node:dgram, for systems without our native calls. Half as fast, one system call per packet.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { QuicAddress } from './engine.ts';
import type { Port, Remote } from './port.ts';
import { remoteOf } from './remote-table.ts';

const NOTHING = Buffer.alloc(0);
/** Packets that may wait on either side; more are dropped, as a full socket would. */
const QUEUE_MAX = 2_048;
const QUEUE_BYTES = 2 << 20;
const REMOTES_MAX = 4_096;

export class PortablePort implements Port {
  readonly prompt = false;
  readonly local: QuicAddress;
  readonly remote: Remote | undefined;
  readonly #socket: Socket;
  readonly #remotes = new Map<string, Remote>();
  #packets: { readonly bytes: Buffer; readonly from: Remote }[] = [];
  #space = NOTHING;
  #refused = false;
  #closed = false;
  #waiting: (() => void) | undefined;

  private constructor(socket: Socket, to?: QuicAddress) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { host: address, port };
    this.remote = to && remoteOf(to, this.local, NOTHING, NOTHING);
    socket.on('message', (bytes, from) => this.#arrived(bytes, from));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#refused ||= error.code === 'ECONNREFUSED';
      this.#tell();
    });
  }

  static async listen({ host, port }: QuicAddress): Promise<PortablePort> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(port, host);
    await once(socket, 'listening');
    return new PortablePort(socket);
  }

  static async connect(to: QuicAddress): Promise<PortablePort> {
    const socket = createSocket(to.host.includes(':') ? 'udp6' : 'udp4');
    socket.connect(to.port, to.host);
    await once(socket, 'connect');
    return new PortablePort(socket, to);
  }

  receive(take: (packet: Buffer, remote: Remote) => void): number {
    const packets = this.#packets;
    this.#packets = [];
    for (const { bytes, from } of packets) if (!this.#closed) take(bytes, from);
    return packets.length;
  }

  refused(): boolean {
    const refused = this.#refused;
    this.#refused = false;
    return refused;
  }

  space(size: number): Buffer | undefined {
    if (this.#closed || this.#socket.getSendQueueSize() > QUEUE_BYTES) return undefined;
    return (this.#space = Buffer.allocUnsafe(size));
  }

  commit(length: number, remote: Remote): void {
    const packet = this.#space.subarray(0, length);
    // What cannot be sent is lost: this is UDP. An error is told to the callback and nowhere else.
    const sent = (error: NodeJS.ErrnoException | null): void => {
      this.#refused ||= error?.code === 'ECONNREFUSED';
    };
    if (this.remote === undefined) this.#socket.send(packet, remote.port, remote.host, sent);
    else this.#socket.send(packet, sent);
  }

  flush(): boolean {
    return this.#closed || this.#socket.getSendQueueSize() <= QUEUE_BYTES;
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  whenReadable(done: () => void): void {
    this.#waiting = done;
    if (this.#packets.length > 0) setImmediate(() => this.#tell());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = undefined;
    // What was sent a moment ago, the goodbye among it, may still be waiting for its name to be looked at.
    setImmediate(() => this.#socket.close());
  }

  #arrived(bytes: Buffer, { address, port }: RemoteInfo): void {
    if (this.#packets.length >= QUEUE_MAX) return;
    this.#packets.push({ bytes, from: this.remote ?? this.#find(address, port) });
    this.#tell();
  }

  #find(host: string, port: number): Remote {
    const key = `${host} ${port}`;
    const known = this.#remotes.get(key);
    if (known !== undefined) return known;
    if (this.#remotes.size >= REMOTES_MAX) this.#remotes.clear();
    const remote = remoteOf({ host, port }, this.local, NOTHING, NOTHING);
    this.#remotes.set(key, remote);
    return remote;
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
