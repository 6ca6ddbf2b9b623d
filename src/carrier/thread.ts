/**
 * The carrier's worker thread and the line to it.
 *
 * Owns the thread and the descriptors on their way to it.
 */
import { closeSync } from 'node:fs';
import { type TransferListItem, Worker } from 'node:worker_threads';
import { WormholeError } from '../lib/errors.ts';
import { startUnpaced } from '../sys/congestion.ts';
import { socketPair } from '../sys/sockets.ts';
import type { CarrierOptions } from './carrier-options.ts';
import { defaultLimits } from './limits.ts';
import { listenError } from './listen-error.ts';
import type { Ask, FromCarrier, ToCarrier } from './messages.ts';
import type { CarrierPeer } from './peer.ts';
import type { ListenAddress } from './server.ts';

/** Milliseconds the worker has beyond its drain before its thread is ended. */
const graceMs = 1_000;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export class CarrierThread {
  readonly #options: CarrierOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** By request: the worker's ends that it has not acknowledged yet. */
  readonly #underway = new Map<number, number>();
  readonly #asked = new Map<number, Waiting<unknown>>();
  #lastAsk = 0;
  #ending = false;
  #settleStart: Waiting<readonly ListenAddress[]> | undefined;
  readonly started: Promise<readonly ListenAddress[]>;

  constructor(options: CarrierOptions) {
    this.#options = options;
    // No environment, no arguments: a key travels in a message or not at all. Descriptors that arrive in messages
    // are the worker's sockets to close, not its environment's.
    this.#worker = new Worker(options.entry, { name: 'carrier', env: {}, execArgv: [], trackUnmanagedFds: false });
    this.started = new Promise((resolve, reject) => void (this.#settleStart = { resolve, reject }));
    this.#worker.on('message', (message: FromCarrier) => this.#hear(message));
    this.#worker.on('error', (cause) => this.#failed(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        for (const fd of this.#underway.values()) closeSync(fd);
        this.#underway.clear();
        this.#failed(undefined);
        for (const { reject } of this.#asked.values()) reject(gone());
        this.#asked.clear();
        resolve();
      });
    });
    const { addresses, limits, own, names = [], quic = [], streams } = options;
    const keys = [...options.keys].map(([identity, key]) => [identity, key.bytes()] as const);
    const start = { addresses, keys, own, names, quic, limits: { ...defaultLimits, ...limits } };
    if (streams === undefined) this.post({ type: 'start', ...start });
    else this.post({ type: 'start', ...start, streams }, [streams]);
  }

  post(message: ToCarrier, transfer: readonly TransferListItem[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** @throws {WormholeError} what the worker says, or the reason of `signal` */
  ask<T>(ask: Ask, signal?: AbortSignal): Promise<T> {
    if (this.#ending) return Promise.reject(gone());
    const id = ++this.#lastAsk;
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const leave = (): void => {
        this.#asked.delete(id);
        this.post({ type: 'unask', id });
        reject(signal?.reason as Error);
      };
      const settled = (): void => signal?.removeEventListener('abort', leave);
      signal?.addEventListener('abort', leave, { once: true });
      this.#asked.set(id, {
        resolve: (value) => (settled(), resolve(value as T)),
        reject: (error) => (settled(), reject(error)),
      });
      this.post({ type: 'ask', id, ask });
    });
  }

  /** @throws {WormholeError} WH_ERR_ABORTED */
  refuseWhenEnding(): void {
    if (this.#ending) throw gone();
  }

  async close(drainMs: number): Promise<void> {
    if (!this.#ending) {
      this.#ending = true;
      this.post({ type: 'close', drainMs });
    }
    const timer = setTimeout(() => void this.#worker.terminate(), drainMs + graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #hear(message: FromCarrier): void {
    switch (message.type) {
      case 'listening':
        // Here, because the worker loads no native code before the first link.
        for (const fd of message.descriptors) startUnpaced(fd);
        this.#settleStart?.resolve(message.addresses);
        this.#settleStart = undefined;
        return;
      case 'refused':
        this.#ending = true;
        this.#settleStart?.reject(listenError(message.address, message.code));
        this.#settleStart = undefined;
        return;
      case 'http':
        return this.#handOver(message.id, message.peer);
      case 'taken':
        this.#underway.delete(message.id);
        return;
      case 'answer':
        return this.#settle(message.id, ({ resolve }) => resolve(message.value));
      case 'failed':
        return this.#settle(message.id, ({ reject }) => reject(new WormholeError(message.code, message.message)));
      case 'link':
        return this.#options.onLink?.(message.link, message.change);
      case 'event':
        this.#options.onEvent?.(message.event);
    }
  }

  #settle(id: number, how: (waiting: Waiting<unknown>) => void): void {
    const waiting = this.#asked.get(id);
    this.#asked.delete(id);
    if (waiting !== undefined) how(waiting);
  }

  /** Ownership of one end moves to the callee, of the other to the worker, which acknowledges it. */
  #handOver(id: number, peer: CarrierPeer): void {
    let pair: ReturnType<typeof socketPair>;
    try {
      pair = socketPair();
    } catch (error) {
      this.post({ type: 'no-pair', id, code: (error as NodeJS.ErrnoException).code ?? 'unknown' });
      return;
    }
    const [ours, theirs] = pair;
    const fd = theirs.release();
    this.#underway.set(id, fd);
    this.post({ type: 'pair', id, fd });
    this.#options.onHttp(ours, peer);
  }

  #failed(cause: unknown): void {
    if (this.#ending) return;
    this.#ending = true;
    const error = new WormholeError('WH_ERR_INTERNAL', 'the carrier worker ended unexpectedly', { cause });
    if (this.#settleStart === undefined) this.#options.onFailure(error);
    else this.#settleStart.reject(error);
    this.#settleStart = undefined;
  }
}

function gone(): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'the carrier is closed');
}
