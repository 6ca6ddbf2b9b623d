/** What the main thread asks of links, done in the carrier's thread. */
import { Socket } from 'node:net';
import { WormholeError } from '../lib/errors.ts';
import { join } from './join.ts';
import { factsOf } from './link/facts.ts';
import type { Links } from './link/links.ts';
import type { LinkAsk } from './messages.ts';

/** @param begin makes the links, if there are none yet @throws {WormholeError} why it cannot be done */
export async function carryOut(
  ask: LinkAsk,
  signal: AbortSignal,
  begin: (() => Promise<Links>) | undefined,
  known: Links | undefined,
): Promise<unknown> {
  if (ask.ask === 'dial') {
    const links = await begin?.();
    if (links === undefined) throw new WormholeError('WH_ERR_ABORTED', 'the carrier has not started');
    return factsOf(await links.dial(ask.target, ask.options, signal));
  }
  // Owned from here on, whatever comes of it.
  const plain = ask.ask === 'api' ? plainSocket(ask.fd) : undefined;
  const link = known?.get(ask.link);
  try {
    if (link === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the link to the peer is over');
    switch (ask.ask) {
      case 'api':
        join(link.openApi(), plain as Socket, () => {});
        return undefined;
      case 'ping':
        return await link.ping();
      case 'facts':
        return factsOf(link);
      case 'kick':
        return known?.kick(ask.link);
      case 'end':
        if (ask.now) link.destroy(new WormholeError('WH_ERR_ABORTED', 'the link was closed by this end'));
        else link.drain();
        return undefined;
    }
  } catch (error) {
    plain?.destroy();
    throw error;
  }
}

/** Why it was not done, as it is told to the other thread. */
export function failureOf(error: unknown): Pick<WormholeError, 'code' | 'message'> {
  const { code, message } = WormholeError.is(error)
    ? error
    : { code: 'WH_ERR_INTERNAL' as const, message: String(error) };
  return { code, message };
}

/** @param fd owned from now on */
export function plainSocket(fd: number): Socket {
  const stream = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
  stream.on('error', () => {});
  return stream;
}
