/**
 * One dial to one target: with node:net, by hand in another namespace or root, or as a stream of a link.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WormholeError } from '../../lib/errors.ts';
import type { UpstreamAddress, UpstreamTarget } from '../route.ts';
import { type Patience, patiently } from './patience.ts';
import { socketOptions } from './socket.ts';
import type { LinkAddress, Ways } from './ways.ts';

/** What an attempt is made for. */
export interface AttemptOptions extends Patience {
  readonly ways: Ways;
  /** Where the client came from. */
  readonly from: string;
}

/**
 * Connects to `target`.
 *
 * @returns the stream, not flowing, owned by the caller
 * @throws node's SystemError (ECONNREFUSED, …), ETIMEDOUT after `timeoutMs`, the peer's own words, or the signal's reason
 */
export async function attempt(target: UpstreamTarget, options: AttemptOptions): Promise<Duplex> {
  const { address } = target;
  const { ways, signal } = options;
  signal.throwIfAborted();
  if (address.kind === 'link') return attemptLink(address, options);
  return ways.raw === undefined ? attemptHere(address, options) : ways.raw.dial(target, options);
}

/** Without a limit of ours: the peer has its own, and may have to start what it leads to. */
async function attemptLink(address: LinkAddress, { ways, from, signal }: AttemptOptions): Promise<Duplex> {
  const open = ways.link;
  if (open === undefined) throw new WormholeError('WH_ERR_UNSUPPORTED', 'this relay has no links to peers');
  return patiently({ timeoutMs: Number.POSITIVE_INFINITY, signal }, (made, refuse) => {
    open(address, from, signal).then((stream) => {
      // whoever joins it hears of errors, and none may end the process before
      stream.on('error', () => undefined);
      if (signal.aborted) stream.destroy();
      else made(stream);
    }, refuse);
    return () => undefined;
  });
}

function attemptHere(address: Exclude<UpstreamAddress, LinkAddress>, patience: Patience): Promise<Socket> {
  const where: NetConnectOpts =
    address.kind === 'unix'
      ? { path: address.path }
      : { host: address.host, port: address.port, autoSelectFamily: false };
  return patiently(patience, (made, refuse) => {
    const socket = connect({ ...socketOptions, ...where });
    socket.once('connect', () => {
      socket.pause();
      made(socket);
    });
    // stays on: a socket that is given up, or that waits to be joined, may still report an error
    socket.on('error', refuse);
    return () => socket.destroy();
  });
}
