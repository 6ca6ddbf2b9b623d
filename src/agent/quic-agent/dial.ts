/**
 * From a name and a port to a connected socket: resolve, judge each address, try one after the other.
 */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { Deadline, within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { AllowList } from './allow.ts';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly allow: AllowList;
  /** For all of it together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An address that does not answer leaves this much of the time to the next one. */
const EACH_MS = 5_000;

/**
 * @returns the socket, paused, owned by the caller
 * @throws {WormholeError} WH_ERR_POLICY, WH_ERR_NAME_NOT_RESOLVED, WH_ERR_DIAL, WH_ERR_TIMEOUT
 */
export async function dialTarget(options: DialOptions): Promise<Socket> {
  const { host, port, allow, timeoutMs, signal } = options;
  using deadline = new Deadline(timeoutMs, signal);
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const addresses = await resolve(host, deadline.signal);
  let first: WormholeError | undefined;
  for (const address of addresses) {
    const refusal = allow.refuses({ name: host, address, port });
    if (refusal !== undefined) {
      first ??= new WormholeError('WH_ERR_POLICY', `${name} (${address}): ${refusal}`);
      continue;
    }
    try {
      return await dialAddress(address, port, deadline.signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (deadline.signal.aborted) throw late(name, timeoutMs);
      const code = (cause as NodeJS.ErrnoException).code ?? 'no answer';
      first ??= new WormholeError('WH_ERR_DIAL', `${name} (${address}): ${code}`, { cause });
    }
  }
  throw first ?? new WormholeError('WH_ERR_NAME_NOT_RESOLVED', `${host} has no address`);
}

async function resolve(host: string, signal: AbortSignal): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await within(signal, lookup(host, { all: true }))).map(({ address }) => address);
  } catch (cause) {
    if (signal.aborted) throw new WormholeError('WH_ERR_TIMEOUT', `${host} was not resolved in time`, { cause });
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_NAME_NOT_RESOLVED', `${host} does not resolve (${code})`, { cause });
  }
}

function dialAddress(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      autoSelectFamily: false,
    });
    const over = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const aborted = (): void => over(signal.reason as Error);
    const timer = setTimeout(() => over(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), EACH_MS);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    };
    signal.addEventListener('abort', aborted, { once: true });
    // Stays: a socket that was given up may still report an error.
    socket.on('error', over);
    socket.once('connect', () => {
      settle();
      socket.pause();
      resolve(socket);
    });
    if (signal.aborted) aborted();
  });
}

function late(name: string, ms: number): WormholeError {
  return new WormholeError('WH_ERR_TIMEOUT', `${name}: no connection within ${ms / 1_000} s`);
}
