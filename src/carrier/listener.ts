/**
 * The carrier as the daemon sees it: a TLS port that lives in a worker thread, hands over plaintext connections to the
 * control API, and keeps the links to peers.
 *
 * What a connection asks, whom to dial, and what a dead worker means for the daemon, is left to whoever started it.
 * See docs/design/0003-tls-psk.md.
 */
import type { Secret } from '../lib/secret.ts';
import type { OwnedFd } from '../sys/fd.ts';
import { socketPair } from '../sys/sockets.ts';
import type { CarrierOptions } from './carrier-options.ts';
import type { PeerTarget } from './link/dial.ts';
import type { LinkFacts } from './link/facts.ts';
import type { DialOptions } from './link/links.ts';
import type { ListenAddress } from './server.ts';
import { CarrierThread } from './thread.ts';

/** What can be asked of links; numbers are those of {@link LinkFacts}. */
export interface CarrierLinks {
  /** Resolves when it is up. @throws {WormholeError} why not, in the peer's words if it has refused */
  dial(target: PeerTarget, options: DialOptions, signal: AbortSignal): Promise<LinkFacts>;
  /** A plaintext connection to the peer's control API, the caller's; a peer's no comes as an answer (`link/api-stream.ts`). @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
  openApi(link: number, signal: AbortSignal): Promise<OwnedFd>;
  /** Milliseconds there and back. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
  ping(link: number, signal: AbortSignal): Promise<number>;
  /** As it is now. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
  facts(link: number): Promise<LinkFacts>;
  /** Drops the connection under it, as a network does. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
  kick(link: number): Promise<void>;
  /** Ends it, at once or when its streams have ended. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
  end(link: number, now: boolean): Promise<void>;
}

export interface CarrierListener extends AsyncDisposable {
  /** What was really bound, in the order asked for. */
  readonly addresses: readonly ListenAddress[];
  readonly links: CarrierLinks;
  /** Replaces the keys for handshakes; connections stay. Resolves when the next one goes by them. @throws {WormholeError} WH_ERR_ABORTED */
  replaceKeys(keys: ReadonlyMap<string, Secret>): Promise<void>;
  /** Has the worker make whoever serves the streams of peers; again is a no-op. */
  wake(): void;
  /** Takes no more connections and streams, here and of peers; those that are open go on. */
  stop(): void;
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
    links: linksOf(thread),
    replaceKeys: (keys) =>
      thread.ask({ ask: 'keys', keys: [...keys].map(([identity, key]) => [identity, key.bytes()] as const) }),
    wake: () => thread.post({ type: 'wake' }),
    stop: () => thread.post({ type: 'stop' }),
    close: (drainMs) => thread.close(drainMs),
    [Symbol.asyncDispose]: () => thread.close(0),
  };
}

function linksOf(thread: CarrierThread): CarrierLinks {
  return {
    dial: (target, options, signal) => thread.ask<LinkFacts>({ ask: 'dial', target, options }, signal),
    async openApi(link, signal) {
      signal.throwIfAborted();
      thread.refuseWhenEnding();
      const [ours, theirs] = socketPair();
      try {
        await thread.ask({ ask: 'api', link, fd: theirs.release() }, signal);
        return ours;
      } catch (error) {
        ours[Symbol.dispose]();
        throw error;
      }
    },
    ping: (link, signal) => thread.ask<number>({ ask: 'ping', link }, signal),
    facts: (link) => thread.ask<LinkFacts>({ ask: 'facts', link }),
    kick: (link) => thread.ask({ ask: 'kick', link }),
    end: (link, now) => thread.ask({ ask: 'end', link, now }),
  };
}
