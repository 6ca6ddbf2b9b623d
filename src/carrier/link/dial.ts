/**
 * Dialing a peer: its addresses one after the other, each a moment after the one before, the first that proves our key
 * wins (RFC 8305, with the handshake as part of the race: a port that answers and is not our peer loses).
 */
import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { formatPeer } from '../peer.ts';
import type { DialingTls, KeyOfPeer, SecureStream } from '../secure-stream.ts';
import { Endpoints, type LookUp, type PeerEndpoint } from './endpoints.ts';
import { secureToPeer } from './tls.ts';

/** What there is to know to dial a peer. */
export interface PeerTarget extends KeyOfPeer {
  /** Whom the key proves to be there; the class of all holders of the common key, or one peer. */
  readonly proves: string;
  /** The preferred one first; at least one. */
  readonly addresses: readonly PeerEndpoint[];
}

/** Milliseconds that an address has before the next one is tried as well (RFC 8305 §5). */
const staggerMs = 250;
/** Milliseconds for everything. */
const dialMs = 10_000;

/** Used where there is no other. */
const nodeTls: DialingTls = { openSocket: () => new Socket({ allowHalfOpen: true }), secureToPeer };
const lookUp: LookUp = (name) => lookup(name, { all: true });

/** A proved connection, and where it leads. */
export interface Dialed {
  readonly stream: SecureStream;
  readonly address: string;
}

/**
 * @throws {WormholeError} the failure of the first address that answers, else of the first: WH_ERR_PEER_UNREACHABLE,
 *   WH_ERR_PEER_AUTH, WH_ERR_NAME_NOT_RESOLVED, WH_ERR_PROTOCOL, WH_ERR_TIMEOUT; or the reason of `signal`
 */
export async function dialPeer(target: PeerTarget, signal: AbortSignal, tls = nodeTls, look = lookUp): Promise<Dialed> {
  using race = new Deadline(dialMs, signal);
  try {
    return await firstOf(target, look, race.signal, tls);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DOMException && error.name === 'TimeoutError') throw tooLate(target);
    throw error;
  } finally {
    race.abort(new Error('another address was faster'));
  }
}

function firstOf(target: PeerTarget, look: LookUp, signal: AbortSignal, tls: DialingTls): Promise<Dialed> {
  return new Promise((resolve, reject) => {
    let running = 0;
    let won = false;
    let failure: unknown;
    /** Until the next one is tried; absent = whatever comes is tried at once. */
    let timer: NodeJS.Timeout | undefined;
    const tryNext = (): void => {
      clearTimeout(timer);
      timer = undefined;
      const endpoint = signal.aborted ? undefined : endpoints.take();
      if (endpoint === undefined) {
        if (running > 0 || (endpoints.incomplete && !signal.aborted)) return;
        reject((signal.aborted ? signal.reason : (failure ?? endpoints.failure)) as Error);
        return;
      }
      running += 1;
      timer = setTimeout(tryNext, staggerMs);
      dialOne(endpoint, target, signal, tls).then(
        (dialed) => {
          if (won) return void dialed.stream.destroy();
          won = true;
          clearTimeout(timer);
          resolve(dialed);
        },
        (error: unknown) => {
          running -= 1;
          failure = moreTelling(failure, error);
          if (!won) tryNext();
        },
      );
    };
    const known = (): void => {
      if (!won && (timer === undefined || (running === 0 && !endpoints.preferredIsLate))) tryNext();
    };
    const endpoints = new Endpoints(target.addresses, look, signal, known);
    if (endpoints.preferredIsLate) timer = setTimeout(tryNext, staggerMs);
    else tryNext();
  });
}

async function dialOne(endpoint: PeerEndpoint, key: KeyOfPeer, signal: AbortSignal, tls: DialingTls): Promise<Dialed> {
  const raw = await connectTo(endpoint, tls, signal);
  const address = formatPeer(raw.remoteAddress, raw.remotePort);
  return { stream: await tls.secureToPeer(raw, key, signal), address };
}

function connectTo({ host, port }: PeerEndpoint, tls: DialingTls, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const failed = (cause: NodeJS.ErrnoException): void => {
      const address = formatPeer(host, port);
      const fact = cause.code === 'ECONNREFUSED' ? `nothing listens on ${address}` : `${address}: ${cause.code}`;
      const text = `${fact}; is wormholed running there, and was it given that address with -H?`;
      reject(new WormholeError('WH_ERR_PEER_UNREACHABLE', text, { cause, detail: { address } }));
    };
    let socket: Socket;
    try {
      socket = tls.openSocket(host);
    } catch (error) {
      return failed(error as NodeJS.ErrnoException);
    }
    socket.on('error', () => {});
    const settle = (): void => signal.removeEventListener('abort', aborted);
    const aborted = (): void => {
      settle();
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', aborted, { once: true });
    socket.once('connect', () => {
      settle();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 60_000);
      resolve(socket);
    });
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      settle();
      failed(cause);
    });
    socket.connect({ host, port });
  });
}

function tooLate({ addresses }: PeerTarget): WormholeError {
  const where = addresses.map(({ host, port }) => formatPeer(host, port)).join(', ');
  return new WormholeError('WH_ERR_PEER_UNREACHABLE', `${where} did not answer within ${dialMs} ms`);
}

/** Where somebody answers, what is wrong with the answer says more than that nobody does elsewhere. */
function moreTelling(one: unknown, other: unknown): unknown {
  const silent = (error: unknown): boolean => WormholeError.is(error) && error.code === 'WH_ERR_PEER_UNREACHABLE';
  return one === undefined || (silent(one) && !silent(other)) ? other : one;
}
