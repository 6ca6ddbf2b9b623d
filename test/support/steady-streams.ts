/** Packets and bytes that go through a tunnel all the time, each with its number, so that one that is lost is noticed. */
import type { Host } from './host.ts';
import type { Running } from './program.ts';
import type { Peer } from './relay-peer.ts';
import { until } from './relay-wait.ts';

/** Milliseconds between two packets, or blocks. */
const PAUSE_MS = 25;
/** Dozens of packets, so that some are under way whenever keys change: 20 Mbit/s. */
const BLOCK_BYTES = 64 * 1024;

/** Echo requests. */
export class SteadyPings {
  readonly #ping: Running;

  /** From now on. */
  constructor(from: Host, to: string) {
    this.#ping = from.start(['ping', '-n', '-i', `${PAUSE_MS / 1000}`, to]);
  }

  /** Ends it. @returns how many were answered, and the numbers of those that were not, while a later one was */
  async end(): Promise<{ answered: number; lost: readonly number[] }> {
    this.#ping.child.kill('SIGINT');
    const { stdout } = await this.#ping.ended;
    const seen = new Set([...stdout.matchAll(/icmp_seq=(\d+) /g)].map(([, number]) => Number(number)));
    const all = Array.from({ length: Math.max(0, ...seen) }, (_, index) => index + 1);
    return { answered: seen.size, lost: all.filter((number) => !seen.has(number)) };
  }
}

/** A connection that carries a block with each pause. */
export class SteadyBytes implements AsyncDisposable {
  readonly #from: Host;
  readonly #client: Peer;
  readonly #server: { readonly port: number } & AsyncDisposable;
  readonly #timer: NodeJS.Timeout;
  /** Bytes that came, as they were sent. */
  #received = 0;
  #sent = 0;
  #wrong = false;

  private constructor(from: Host, client: Peer, server: { readonly port: number } & AsyncDisposable) {
    this.#from = from;
    this.#client = client;
    this.#server = server;
    this.#timer = setInterval(() => {
      client.socket.write(Buffer.alloc(BLOCK_BYTES, this.#sent / BLOCK_BYTES));
      this.#sent += BLOCK_BYTES;
    }, PAUSE_MS);
  }

  /** @param address of `to`, in the tunnel */
  static async start(from: Host, to: Host, address: string): Promise<SteadyBytes> {
    let stream: SteadyBytes | undefined;
    const server = await to.serve((socket) => socket.on('data', (bytes) => stream?.take(bytes)), { host: address });
    stream = new SteadyBytes(from, await from.connect({ host: address, port: server.port }), server);
    return stream;
  }

  /** Segments that had to be sent again; one that had come all the same, and was only answered late, is none. */
  async lost(): Promise<number> {
    const { stdout } = await this.#from.run(['ss', '-Htin', 'dport', `= :${this.#server.port}`]);
    const again = Number(/ retrans:\d+\/(\d+)/.exec(stdout)?.[1] ?? 0);
    return again - Number(/ dsack_dups:(\d+)/.exec(stdout)?.[1] ?? 0);
  }

  /** Ends it when all has come. @returns bytes */
  async end(): Promise<number> {
    clearInterval(this.#timer);
    await until('all bytes have come', () => this.#received === this.#sent);
    if (this.#wrong) throw new Error('bytes came that were not sent so');
    return this.#sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  /** What the other end was sent. */
  take(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0; ) {
      const ofBlock = rest.subarray(0, BLOCK_BYTES - (this.#received % BLOCK_BYTES));
      const block = Math.trunc(this.#received / BLOCK_BYTES);
      this.#wrong ||= !ofBlock.equals(Buffer.alloc(ofBlock.length, block));
      this.#received += ofBlock.length;
      rest = rest.subarray(ofBlock.length);
    }
  }
}
