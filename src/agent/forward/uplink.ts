/**
 * The link to the far daemon, kept: resumed over lost connections, begun anew when it is over.
 *
 *   dial ─► prepared ─► up ──lost──► resumed ─► up            nothing breaks
 *     ▲                  └──over, or the far end is closing──► dial again, at once, then with pauses
 *     └── nobody there for as long as a session waits, or a no that will not change: over for good (not with `retry`)
 *
 * Owns the links. What is asked for on a new one is `prepare`'s.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { PeerTarget } from '../../carrier/link/dial.ts';
import type { Incoming } from '../../carrier/link/incoming.ts';
import type { Link } from '../../carrier/link/link.ts';
import { Links, type Own } from '../../carrier/link/links.ts';
import { type ErrorCode, WormholeError } from '../../lib/errors.ts';
import { Latch } from './latch.ts';
import type { ForwardEvent } from './status.ts';

/** Milliseconds of the first pause between attempts; each is twice the one before, and up to a half shorter by chance. */
const FIRST_PAUSE_MS = 100;
/** Milliseconds that connections on a link that closes have to end. */
const CLOSE_MS = 500;

/** What another attempt will not change. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WH_ERR_PEER_AUTH',
  'WH_ERR_KEY_FILE',
  'WH_ERR_POLICY',
  'WH_ERR_UNSUPPORTED',
  'WH_ERR_USAGE',
  'WH_ERR_SPEC_INVALID',
  'WH_ERR_REQUEST_INVALID',
  'WH_ERR_REQUEST_REFUSED',
  'WH_ERR_PEER_EXISTS',
  'WH_ERR_INTERNAL',
]);

export interface UplinkOptions {
  readonly own: Own;
  readonly target: PeerTarget;
  /** Milliseconds that a session waits for another connection, and a program for another session. */
  readonly resumeMs: number;
  /** Go on trying for ever, from the first attempt on. */
  readonly retry: boolean;
  /** Milliseconds of the longest pause between two attempts. */
  readonly retryMs: number;
  /** Asks for what is needed there. @param first whether what does not work is an error */
  readonly prepare: (link: Link, first: boolean, signal: AbortSignal) => Promise<void>;
  readonly onStream: (incoming: Incoming) => void;
  readonly onEvent: (event: ForwardEvent) => void;
}

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #links: Links;
  readonly #closed = new AbortController();
  readonly #up = new Latch<Link>();
  readonly #gone = new Map<Link, (reason: string) => void>();
  #over: Promise<void> | undefined;
  #reason = '';
  #everUp = false;
  lost = 0;
  resumed = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const left = (link: Link, reason: string): void => this.#gone.get(link)?.(reason);
    this.#links = new Links({
      own: options.own,
      ownerOf: () => undefined,
      onUp: () => undefined,
      onLost: (link, reason) => {
        if (link !== this.link) return;
        this.lost += 1;
        this.#reason = reason;
        options.onEvent({ kind: 'lost', reason });
      },
      onResumed: (link) => {
        if (link !== this.link) return;
        this.resumed += 1;
        options.onEvent({ kind: 'resumed' });
      },
      onDraining: (link) => left(link, 'the far daemon is stopping'),
      onOver: (link, reason) => left(link, reason.message),
      onStream: (_, incoming) => options.onStream(incoming),
      onRefused: () => undefined,
    });
  }

  /** Begins. Resolves when it was closed. @throws {WormholeError} why it was given up */
  run(): Promise<void> {
    this.#over ??= this.#run();
    // Whoever waits for the first link hears of it there.
    this.#over.catch(() => undefined);
    return this.#over;
  }

  /** The one that takes streams now. */
  get link(): Link | undefined {
    return this.#up.value;
  }

  /** Why there is none, or none that is connected. */
  get reason(): string {
    return this.link?.session.connected === true ? '' : this.#reason;
  }

  /** Resolves when there is a link, prepared. @throws the reason why there will be none, or that of `signal` */
  ready(signal: AbortSignal): Promise<Link> {
    return this.#up.wait(signal);
  }

  async close(): Promise<void> {
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'forwarding was ended'));
    const sessions = this.#links.all.map(({ session }) => session);
    await this.#links.close(CLOSE_MS);
    // A program that ends before its last words are heard is waited for at the far end, with all it has there.
    const until = performance.now() + CLOSE_MS;
    while (sessions.some(({ over }) => !over) && performance.now() < until) await pause(5);
    for (const session of sessions) session.destroy();
    await this.#over?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    try {
      while (!signal.aborted) {
        const link = await this.#begin(signal);
        const gone = this.#whenGone(link, signal);
        this.#up.open(link);
        this.#everUp = true;
        this.#reason = await gone;
        this.#up.shut();
        if (!signal.aborted) this.#options.onEvent({ kind: 'down', reason: this.#reason });
      }
    } catch (error) {
      if (signal.aborted) return this.#up.fail(signal.reason as Error);
      this.#up.fail(error as Error);
      throw error;
    }
    this.#up.fail(signal.reason as Error);
  }

  /** A link that is prepared, however many attempts that takes. @throws {WormholeError} when it is no use to try again */
  async #begin(signal: AbortSignal): Promise<Link> {
    const { retry, retryMs, resumeMs, onEvent } = this.#options;
    let until = performance.now() + (this.#everUp ? resumeMs : 0);
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, retryMs)) {
      try {
        return await this.#attempt(signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = asWormholeError(error);
        // Connections of before may still be at work on a link that is closing.
        if (this.#everUp && this.#links.all.length > 0) until = performance.now() + resumeMs;
        if (FINAL.has(failure.code) || (!retry && performance.now() >= until)) throw failure;
        this.#reason = failure.message;
        onEvent({ kind: 'failed', error: failure });
      }
      await pause(Math.min(wait, retryMs) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }

  async #attempt(signal: AbortSignal): Promise<Link> {
    const { target, resumeMs, prepare, onEvent } = this.#options;
    const link = await this.#links.dial(target, { resumeMs }, signal);
    try {
      await prepare(link, !this.#everUp, signal);
    } catch (error) {
      link.destroy(asWormholeError(error));
      throw error;
    }
    const { name = '', version = '' } = link.hello ?? {};
    onEvent({ kind: 'up', peer: name, address: link.peer.address, version });
    return link;
  }

  #whenGone(link: Link, signal: AbortSignal): Promise<string> {
    return new Promise((resolve) => {
      const settle = (reason: string): void => {
        this.#gone.delete(link);
        signal.removeEventListener('abort', closed);
        resolve(reason);
      };
      const closed = (): void => settle('forwarding was ended');
      this.#gone.set(link, settle);
      signal.addEventListener('abort', closed, { once: true });
      if (link.over || !link.open) settle('the far daemon closed the link');
    });
  }
}

function asWormholeError(error: unknown): WormholeError {
  if (WormholeError.is(error)) return error;
  return new WormholeError('WH_ERR_INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}
