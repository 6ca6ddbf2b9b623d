/**
 * A bad line between two ends of UDP: hands on what it gets, loses some of it, or goes silent.
 *
 *   client ──► front ──► back ──► server      one back per client
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

export class UdpRelay implements AsyncDisposable {
  readonly #front = createSocket('udp4');
  readonly #backs = new Map<number, Socket>();
  readonly #server: { readonly host: string; readonly port: number | 'same' };
  #count = 0;
  /** One of so many packets is lost; 0 = none. */
  loseEvery = 0;
  silent = false;
  /** The last packet of either direction, also when it was lost. */
  readonly last: { there?: Buffer; back?: Buffer } = {};

  private constructor(server: { readonly host: string; readonly port: number | 'same' }) {
    this.#server = server;
    this.#front.on('message', (bytes, from) => this.#there(bytes, from));
  }

  /** @param server port on 127.0.0.1 */
  static async to(server: number): Promise<UdpRelay> {
    return await new UdpRelay({ host: '127.0.0.1', port: server }).#listening();
  }

  /** To the port that it has itself, on another address. */
  static async toSamePort(host: string): Promise<UdpRelay> {
    return await new UdpRelay({ host, port: 'same' }).#listening();
  }

  async #listening(): Promise<this> {
    this.#front.bind(0, '127.0.0.1');
    await once(this.#front, 'listening');
    return this;
  }

  #toServer(socket: Socket, bytes: Buffer): void {
    const { host, port } = this.#server;
    socket.send(bytes, port === 'same' ? this.port : port, host);
  }

  get port(): number {
    return this.#front.address().port;
  }

  #lost(): boolean {
    this.#count += 1;
    return this.silent || (this.loseEvery > 0 && this.#count % this.loseEvery === 0);
  }

  #there(bytes: Buffer, { port }: RemoteInfo): void {
    let back = this.#backs.get(port);
    if (back === undefined) {
      back = createSocket('udp4');
      back.on('message', (answer) => {
        this.last.back = answer;
        if (!this.#lost()) this.#front.send(answer, port, '127.0.0.1');
      });
      back.on('error', () => {});
      this.#backs.set(port, back);
    }
    this.last.there = bytes;
    if (!this.#lost()) this.#toServer(back, bytes);
  }

  /** Forgets who is who, as a NAT does: the next packets of a client come from another port. */
  rebind(): void {
    for (const socket of this.#backs.values()) socket.close();
    this.#backs.clear();
  }

  /** Sends packets of its own, to the server from where its client's come, and to its client. */
  forge(there: Buffer, back: Buffer): void {
    for (const [client, socket] of this.#backs) {
      this.#toServer(socket, there);
      this.#front.send(back, client, '127.0.0.1');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [this.#front, ...this.#backs.values()]) socket.close();
  }
}
