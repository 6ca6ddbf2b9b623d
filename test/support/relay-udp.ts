/**
 * UDP ends for relay tests: everything received is kept, with where it came from.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { UpstreamAddress } from '../../src/proxy/route.ts';
import { until, within } from './relay-wait.ts';

export interface Datagram {
  readonly data: Buffer;
  readonly host: string;
  readonly port: number;
}

/** A bound, unconnected UDP socket. */
export class UdpPeer implements AsyncDisposable {
  readonly socket: Socket;
  readonly received: Datagram[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data, { address, port }) => this.received.push({ data, host: address, port }));
  }

  /** @param port 0 = ephemeral */
  static async bind(host = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => resolve());
    });
    return new UdpPeer(socket);
  }

  /** One that was made and bound elsewhere, by its descriptor, which is taken. */
  static async adopt(fd: number): Promise<UdpPeer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ fd }, () => resolve());
    });
    return new UdpPeer(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  get address(): UpstreamAddress {
    return { kind: 'ip', host: this.socket.address().address, port: this.port };
  }

  send(data: string | Buffer, to: { readonly host: string; readonly port: number }): Promise<void> {
    return within(
      'a datagram to be sent',
      new Promise<void>((resolve, reject) => {
        this.socket.send(data, to.port, to.host, (error) => (error === null ? resolve() : reject(error)));
      }),
    );
  }

  /** The n-th datagram received. */
  datagram(n = 0): Promise<Datagram> {
    return until(`datagram ${n} arrived`, () => this.received[n]);
  }

  /** Sends back whatever comes, from now on. */
  echo(): this {
    this.socket.on('message', (data, from) => this.socket.send(data, from.port, from.address));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }
}

/** A bound socket that echoes. */
export async function udpEcho(host?: string, port?: number): Promise<UdpPeer> {
  return (await UdpPeer.bind(host, port)).echo();
}
