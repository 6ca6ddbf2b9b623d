/**
 * One end of a stream under test: a socket whose bytes, end and error are kept until somebody asks for them, so that
 * no order of events can be missed.
 */
import { connect, type Socket } from 'node:net';
import type { ListenAddress } from '../../src/proxy/portable/listen-address.ts';
import { within } from './relay-wait.ts';

/** How the stream ended for this side: 'eof' after FIN, or an error code such as ECONNRESET. */
export type Ending = string;

/** See the module header. */
export class Peer implements AsyncDisposable {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #held = 0;
  #ending: Ending | undefined;
  #wake: Array<() => void> = [];

  /** @param socket owned from now on; with allowHalfOpen */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      this.#awake();
    });
    socket.on('end', () => this.#end('eof'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on('close', () => this.#end('closed'));
  }

  /** Resolves when the socket took the bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    await within(
      'a write',
      new Promise<void>((resolve, reject) => {
        this.socket.write(data, (error) => (error ? reject(error) : resolve()));
      }),
    );
  }

  /** Sends FIN, after `data`, in the same segment where the kernel can. */
  finish(data?: string | Uint8Array): void {
    this.socket.cork();
    if (data !== undefined) this.socket.write(data);
    this.socket.end();
    this.socket.uncork();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** The next `n` bytes; rejects when the stream ends before. */
  async read(n: number): Promise<Buffer> {
    await this.#until(`${n} bytes`, () => this.#held >= n || this.#ending !== undefined);
    if (this.#held < n) throw new Error(`the stream ended (${this.#ending}) with ${this.#held} of ${n} bytes`);
    return this.#take(n);
  }

  /** Everything until FIN; rejects on an error. */
  async readAll(): Promise<Buffer> {
    const ending = await this.ending();
    if (ending !== 'eof') throw new Error(`the stream ended with ${ending} after ${this.#held} bytes`);
    return this.#take(this.#held);
  }

  /** As text, for short answers. */
  async text(n?: number): Promise<string> {
    return (await (n === undefined ? this.readAll() : this.read(n))).toString('latin1');
  }

  /** Waits for FIN or an error. */
  async ending(): Promise<Ending> {
    await this.#until('the end of a stream', () => this.#ending !== undefined);
    return this.#ending as Ending;
  }

  /** The ending so far. */
  get ended(): Ending | undefined {
    return this.#ending;
  }

  /** Bytes received and not read. */
  get held(): number {
    return this.#held;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await Promise.resolve();
  }

  #take(n: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = n < all.length ? [all.subarray(n)] : [];
    this.#held = all.length - n;
    return all.subarray(0, n);
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#awake();
  }

  #awake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #until(what: string, ready: () => boolean): Promise<void> {
    while (!ready()) await within(what, new Promise<void>((resolve) => this.#wake.push(resolve)));
  }
}

/** Connects; rejects when refused. */
export async function connectTo(address: ListenAddress): Promise<Peer> {
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
  await within(
    'a connection',
    new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    }),
  );
  return new Peer(socket);
}
