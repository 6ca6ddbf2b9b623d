/**
 * One dial to one address: with node:net, as a stream of a link, or by a socket of another namespace.
 */
import { connect, type NetConnectOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WormholeError } from '../../lib/errors.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { UpstreamAddress, UpstreamTarget } from '../route.ts';

/** Bytes that a socket buffers per direction before its source is paused; one read of libuv is 64 KiB. */
export const BUFFER_BYTES = 128 << 10;

/** What both sides of a relayed connection are made with. */
export const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  highWaterMark: BUFFER_BYTES,
} as const;

/** setTimeout takes no more; longer is as good as never. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** An address of a link. */
export type LinkAddress = Extract<UpstreamAddress, { kind: 'link' }>;

/** Ways to targets beyond node:net. */
export interface Ways {
  /** Opens a stream of a link; owned by the caller. @param from where the client came from @throws why it cannot be opened */
  readonly link?: (address: LinkAddress, from: string, signal: AbortSignal) => Promise<Duplex>;
  /** Connects in the target's namespace or root (Linux, root). */
  readonly raw?: (target: UpstreamTarget, timeoutMs: number, signal: AbortSignal) => Promise<OwnedFd>;
}

export interface AttemptOptions {
  readonly ways: Ways;
  readonly from: string;
  /** Infinity = the kernel's own. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Connects to `target`.
 *
 * @returns the stream, paused, owned by the caller
 * @throws node's SystemError (ECONNREFUSED, …), ETIMEDOUT after `timeoutMs`, the peer's own words, or the signal's reason
 */
export async function attempt(target: UpstreamTarget, options: AttemptOptions): Promise<Duplex> {
  const { address } = target;
  const { ways, timeoutMs, signal } = options;
  if (address.kind === 'link') return await attemptLink(address, options);
  if (isForeign(target) && ways.raw !== undefined) return adopt(await ways.raw(target, timeoutMs, signal));
  return await attemptHere(address, timeoutMs, signal);
}

/** It is not where this process is. */
export function isForeign({ address, namespace }: UpstreamTarget): boolean {
  return namespace !== undefined || (address.kind === 'unix' && address.root !== undefined);
}

/** Without a limit of ours: the peer has its own, and may have to start what it leads to. */
async function attemptLink(address: LinkAddress, { ways, from, signal }: AttemptOptions): Promise<Duplex> {
  if (ways.link === undefined) throw new WormholeError('WH_ERR_UNSUPPORTED', 'this relay has no links to peers');
  return await ways.link(address, from, signal);
}

function attemptHere(
  address: Exclude<UpstreamAddress, LinkAddress>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const where: NetConnectOpts =
    address.kind === 'unix'
      ? { path: address.path }
      : { host: address.host, port: address.port, autoSelectFamily: false };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...socketOptions, ...where });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.off('connect', connected);
    };
    const connected = (): void => {
      settle();
      socket.off('error', give);
      socket.pause();
      resolve(socket);
    };
    const give = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const aborted = (): void => give(signal.reason as Error);
    const timer = setTimeout(() => give(timedOut(timeoutMs)), Math.min(timeoutMs, TIMER_MAX_MS));
    signal.addEventListener('abort', aborted, { once: true });
    socket.once('connect', connected);
    // stays on after a failure: a socket that is given up may still report an error
    socket.on('error', give);
  });
}

/** Takes over a socket that somebody else connected, paused. @param connected owned from now on */
export function adopt(connected: OwnedFd): Socket {
  const socket = new Socket({ fd: connected.release(), ...socketOptions });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  // as with a dialed one: whoever joins it hears of errors, and none may end the process before
  socket.on('error', () => undefined);
  return socket;
}

export function timedOut(ms: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ETIMEDOUT: no answer within ${Math.round(ms)} ms`), { code: 'ETIMEDOUT' });
}
