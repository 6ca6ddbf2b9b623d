/**
 * Dialing a peer: its addresses one after the other, each a moment after the one before, the first that proves our key
 * wins (RFC 8305, with the handshake as part of the race: a port that answers and is not our peer loses).
 */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { Deadline, within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { formatPeer } from '../peer.ts';
import { type KeyOfPeer, type SecureStream, type SecureToPeer } from '../secure-stream.ts';
import { secureToPeer } from './tls.ts';

/** Host is a literal or a name; it is looked up with each dial. */
export interface PeerEndpoint {
  readonly host: string;
  readonly port: number;
}

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
/** Addresses that are tried. */
const maxAddresses = 16;

/** Used where there is no other. */
const nodeTls: SecureToPeer = secureToPeer;

/** A proved connection, and where it leads. */
export interface Dialed {
  readonly stream: SecureStream;
  readonly address: string;
}

/**
 * @throws {WormholeError} the failure of the first address that answers, else of the first: WH_ERR_PEER_UNREACHABLE,
 *   WH_ERR_PEER_AUTH, WH_ERR_NAME_NOT_RESOLVED, WH_ERR_PROTOCOL, WH_ERR_TIMEOUT; or the reason of `signal`
 */
export async function dialPeer(target: PeerTarget, signal: AbortSignal, secure = nodeTls): Promise<Dialed> {
  using race = new Deadline(dialMs, signal);
  try {
    return await firstOf(await resolveAll(target.addresses, race.signal), target, race.signal, secure);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DOMException && error.name === 'TimeoutError') throw tooLate(target);
    throw error;
  } finally {
    race.abort(new Error('another address was faster'));
  }
}

/** @throws {WormholeError} when none of them can be resolved, why the first one cannot */
async function resolveAll(addresses: readonly PeerEndpoint[], signal: AbortSignal): Promise<PeerEndpoint[]> {
  const found = await Promise.allSettled(addresses.map((address) => resolveEndpoint(address, signal)));
  const endpoints = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const failed = found.find((one) => one.status === 'rejected');
  if (endpoints.length === 0) throw failed?.reason ?? new WormholeError('WH_ERR_PEER_UNREACHABLE', 'it has no address');
  return endpoints.slice(0, maxAddresses);
}

/** Families in turns, as RFC 8305 §4 has it. */
async function resolveEndpoint({ host, port }: PeerEndpoint, signal: AbortSignal): Promise<PeerEndpoint[]> {
  const bare = host === '' ? '127.0.0.1' : host;
  if (isIP(bare.split('%')[0] ?? '') !== 0) return [{ host: bare, port }];
  try {
    // Nobody can call a look-up off; it is left to itself.
    const found = await within(signal, lookup(bare, { all: true }));
    const six = found.filter(({ family }) => family === 6);
    const four = found.filter(({ family }) => family !== 6);
    const [first, second] = found[0]?.family === 6 ? [six, four] : [four, six];
    return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]])
      .flat()
      .flatMap((one) => (one === undefined ? [] : [{ host: one.address, port }]));
  } catch (cause) {
    signal.throwIfAborted();
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError(
      'WH_ERR_NAME_NOT_RESOLVED',
      `no address is known for the peer ${bare} (${code}); is it spelled right? wormhole peers lists those that a daemon knows`,
      {
        cause,
      },
    );
  }
}

function firstOf(
  endpoints: readonly PeerEndpoint[],
  key: KeyOfPeer,
  signal: AbortSignal,
  secure: SecureToPeer,
): Promise<Dialed> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let running = 0;
    let won = false;
    let failure: unknown;
    let timer: NodeJS.Timeout | undefined;
    const tryNext = (): void => {
      clearTimeout(timer);
      const endpoint = endpoints[next];
      next += 1;
      if (endpoint === undefined || signal.aborted) {
        if (running === 0) reject((signal.aborted ? signal.reason : failure) as Error);
        return;
      }
      running += 1;
      timer = setTimeout(tryNext, staggerMs);
      dialOne(endpoint, key, signal, secure).then(
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
    tryNext();
  });
}

async function dialOne(
  endpoint: PeerEndpoint,
  key: KeyOfPeer,
  signal: AbortSignal,
  secure: SecureToPeer,
): Promise<Dialed> {
  const raw = await connectTo(endpoint, signal);
  const address = formatPeer(raw.remoteAddress, raw.remotePort);
  return { stream: await secure(raw, key, signal), address };
}

function connectTo({ host, port }: PeerEndpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      allowHalfOpen: true,
    });
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
      resolve(socket);
    });
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      settle();
      const address = formatPeer(host, port);
      const fact = cause.code === 'ECONNREFUSED' ? `nothing listens on ${address}` : `${address}: ${cause.code}`;
      const text = `${fact}; is wormholed running there, and was it given that address with -H?`;
      reject(new WormholeError('WH_ERR_PEER_UNREACHABLE', text, { cause, detail: { address } }));
    });
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
