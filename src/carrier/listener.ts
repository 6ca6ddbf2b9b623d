/**
 * The carrier as the daemon sees it: a TLS port that lives in a worker thread and hands over plaintext connections.
 *
 * Owns the thread and the descriptors on their way to it. What a connection asks, and what a dead worker means for
 * the daemon, is left to whoever started it. See docs/design/0003-tls-psk.md.
 */
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { WormholeError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import type { OwnedFd } from '../sys/fd.ts';
import { socketPair } from '../sys/sockets.ts';
import type { CarrierEvent } from './events.ts';
import { type CarrierLimits, defaultLimits } from './limits.ts';
import type { FromCarrier, ToCarrier } from './messages.ts';
import { type CarrierPeer, formatPeer } from './peer.ts';
import type { ListenAddress } from './server.ts';

/** Milliseconds the worker has beyond its drain before its thread is ended. */
const graceMs = 1_000;

export interface CarrierOptions {
  /** All are bound, or none. */
  readonly addresses: readonly ListenAddress[];
  /** PSK identity → key. */
  readonly keys: ReadonlyMap<string, Secret>;
  readonly limits?: Partial<CarrierLimits>;
  /**
   * Called for each connection that proved a key and speaks HTTP: one end of a socket pair, in the clear, owned by
   * the callee. Its first bytes are already on their way.
   */
  readonly onHttp: (plain: OwnedFd, peer: CarrierPeer) => void;
  /** Lines for the log, at level info, at a bounded rate. */
  readonly onEvent?: (event: CarrierEvent) => void;
  /** The worker died and every connection with it; called at most once, never after `close`. */
  readonly onFailure: (error: WormholeError) => void;
  /** The compiled worker; for tests that run from source. */
  readonly entry?: URL;
}

export interface CarrierListener extends AsyncDisposable {
  /** What was really bound, in the order asked for. */
  readonly addresses: readonly ListenAddress[];
  /** Replaces the keys for handshakes from now on; connections stay. */
  replaceKeys(keys: ReadonlyMap<string, Secret>): void;
  /** Stops accepting at once, lets connections end for `drainMs`, ends the rest; resolves when the thread is gone. */
  close(drainMs: number): Promise<void>;
}

/**
 * Binds the addresses in a worker thread of its own.
 *
 * @throws {WormholeError} WH_ERR_LISTEN when an address cannot be bound; WH_ERR_INTERNAL when the worker does not start
 */
export async function startCarrierListener(options: CarrierOptions): Promise<CarrierListener> {
  const thread = new CarrierThread(options);
  let addresses: readonly ListenAddress[];
  try {
    addresses = await thread.started;
  } catch (error) {
    await thread.close(0);
    throw error;
  }
  return {
    addresses,
    replaceKeys: (keys) => thread.post({ type: 'keys', keys: entries(keys) }),
    close: (drainMs) => thread.close(drainMs),
    [Symbol.asyncDispose]: () => thread.close(0),
  };
}

class CarrierThread {
  readonly #options: CarrierOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** By request: the worker's ends that it has not acknowledged yet. */
  readonly #underway = new Map<number, number>();
  #ending = false;
  #settleStart: { resolve: (addresses: readonly ListenAddress[]) => void; reject: (error: Error) => void } | undefined;
  readonly started: Promise<readonly ListenAddress[]>;

  constructor(options: CarrierOptions) {
    this.#options = options;
    // No environment, no arguments: a key travels in a message or not at all. Descriptors that arrive in messages
    // are the worker's sockets to close, not its environment's.
    this.#worker = new Worker(options.entry ?? new URL('./worker.js', import.meta.url), {
      name: 'carrier',
      env: {},
      execArgv: [],
      trackUnmanagedFds: false,
    });
    this.started = new Promise((resolve, reject) => void (this.#settleStart = { resolve, reject }));
    this.#worker.on('message', (message: FromCarrier) => this.#hear(message));
    this.#worker.on('error', (cause) => this.#failed(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        for (const fd of this.#underway.values()) closeSync(fd);
        this.#underway.clear();
        this.#failed(undefined);
        resolve();
      });
    });
    const { addresses, keys, limits } = options;
    this.post({ type: 'start', addresses, keys: entries(keys), limits: { ...defaultLimits, ...limits } });
  }

  post(message: ToCarrier): void {
    this.#worker.postMessage(message, []);
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
      case 'event':
        this.#options.onEvent?.(message.event);
    }
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

function entries(keys: ReadonlyMap<string, Secret>): Array<readonly [string, Uint8Array]> {
  return [...keys].map(([identity, key]) => [identity, key.bytes()] as const);
}

function listenError(address: ListenAddress, code: string): WormholeError {
  const text = formatPeer(address.host === '' ? '*' : address.host, address.port);
  const why = reasons[code] ?? code;
  return new WormholeError('WH_ERR_LISTEN', `cannot listen on ${text}: ${why}`, {
    detail: { address: text, reason: code },
  });
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it; stop it, or give another -H',
  EADDRNOTAVAIL: 'this machine has no such address; give one that it has with -H',
  EAFNOSUPPORT: 'this machine has no IPv6',
  EACCES: 'this user may not; ports below 1024 need root',
  ENOTFOUND: 'the name has no address',
};
