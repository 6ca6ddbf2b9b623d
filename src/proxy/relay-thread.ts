/**
 * One relay worker thread and the line to it.
 *
 * Owns the thread, the port and the eventfd that wakes it. A message is posted first and the eventfd written then, so
 * the worker finds it when it looks.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { WormholeError } from '../lib/errors.ts';
import { dupFd } from '../sys/dup.ts';
import type { OwnedFd } from '../sys/fd.ts';
import { write } from '../sys/libc.ts';
import { NativeMemory } from '../sys/memory.ts';
import type { FromRelay, RelayWorkerData, ToRelay } from './messages.ts';

const one = new NativeMemory(8);
one.view.setBigUint64(0, 1n, true);

type Listener = (message: FromRelay) => void;
/** A message that is answered, before its number is known. */
export type Request = ToRelay extends infer M ? (M extends { seq: number } ? Omit<M, 'seq'> : never) : never;

/** See the module header. */
export class RelayThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #wakeFd: OwnedFd;
  readonly #listeners = new Map<number, Listener>();
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #onFault: (message: string) => void;
  #sequence = 0;
  #alive = true;
  /** Resolves when the worker is in its loop. */
  readonly ready: Promise<void>;
  /** Resolves when the thread is gone. */
  readonly exited: Promise<void>;

  /** @param wakeFds everybody's eventfds, borrowed; its own is the one at `index` */
  constructor(
    url: URL,
    shared: Readonly<Record<'stop' | 'neighbours' | 'passing', SharedArrayBuffer>>,
    index: number,
    wakeFds: readonly OwnedFd[],
    onFault: (message: string) => void,
    onExit: () => void,
  ) {
    this.#onFault = onFault;
    this.#wakeFd = dupFd((wakeFds[index] as OwnedFd).fd);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const copies = wakeFds.map(({ fd }) => dupFd(fd).release());
    const workerData: RelayWorkerData = {
      port: port2,
      wakeFd: copies[index] as number,
      stop: shared.stop,
      passing: shared.passing,
      neighbours: { index, shared: shared.neighbours, wakeFds: copies },
    };
    // Descriptors that arrive in messages are ours to close, not the worker's environment's.
    this.#worker = new Worker(url, { workerData, transferList: [port2], trackUnmanagedFds: false });
    this.ready = new Promise((resolve, reject) => {
      this.#listeners.set(-1, () => resolve());
      this.#worker.once('error', reject);
    });
    this.exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#died();
        onExit();
        resolve();
      });
    });
    this.#worker.on('error', (error) => onFault(`relay worker: ${error.message}`));
    this.#port.on('message', (message: FromRelay) => this.#receive(message));
    // Only a running data plane keeps the process alive, not the ports of a stopped one.
    this.#port.unref();
  }

  /** Hears what the worker says about `route`. */
  listen(route: number, listener: Listener): void {
    this.#listeners.set(route, listener);
  }

  unlisten(route: number): void {
    this.#listeners.delete(route);
  }

  post(message: ToRelay): void {
    if (!this.#alive) return;
    this.#port.postMessage(message);
    this.wake();
  }

  /** Posts a message and waits until it is carried out. @throws {WormholeError} WH_ERR_INTERNAL */
  request(message: Request): Promise<void> {
    if (!this.#alive) return Promise.reject(new WormholeError('WH_ERR_INTERNAL', 'the relay worker is gone'));
    const seq = ++this.#sequence;
    return new Promise((resolve, reject) => {
      this.#waiting.set(seq, { resolve, reject });
      this.post({ ...message, seq });
    });
  }

  /** Makes the worker look at its port and at the stop flag. */
  wake(): void {
    if (this.#wakeFd.open) write(this.#wakeFd.fd, one.address, 8);
  }

  #receive(message: FromRelay): void {
    switch (message.type) {
      case 'ready':
        this.#listeners.get(-1)?.(message);
        break;
      case 'ack':
        this.#acknowledge(message.seq, message.error);
        break;
      case 'fault':
        this.#onFault(message.message);
        break;
      default:
        this.#listeners.get(message.route)?.(message);
    }
  }

  #acknowledge(seq: number, error: string | undefined): void {
    const waiting = this.#waiting.get(seq);
    this.#waiting.delete(seq);
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(new WormholeError('WH_ERR_INTERNAL', error));
  }

  #died(): void {
    this.#alive = false;
    this.#port.close();
    this.#wakeFd[Symbol.dispose]();
    const gone = new WormholeError('WH_ERR_INTERNAL', 'the relay worker is gone');
    for (const { reject } of this.#waiting.values()) reject(gone);
    this.#waiting.clear();
  }
}
