/**
 * From an accepted client to its upstream: waits for targets, then dials, and gives up when the client has gone.
 */
import { Socket } from 'node:net';
import type { Client } from './client.ts';
import type { ConnectionDeps } from './connection.ts';
import { DialFailure, dial, type Upstream } from './dialing.ts';
import type { GivenSocket } from './targets.ts';

/** The client has left before it was served. */
export class ClientGone extends Error {}

/**
 * Dials while the client is watched: one that is reset needs no upstream any more.
 *
 * @param life of the connection, aborted with {@link ClientGone} when the client has left
 * @param begun tried first, owned from now on
 */
export async function seek(
  client: Client,
  deps: ConnectionDeps,
  life: AbortController,
  begun?: GivenSocket,
): Promise<Upstream> {
  const { signal } = life;
  const leave = (error: Error): void => life.abort(new ClientGone(error.message));
  const { stream } = client;
  const close = (): void => life.abort(new ClientGone(''));
  stream.on('error', leave);
  stream.once('close', close);
  if (stream.errored != null) leave(stream.errored);
  else if (stream.destroyed) close();
  try {
    const upstream = await reach(client, deps, life, begun);
    if (!signal.aborted) return upstream;
    upstream.stream.destroy();
    deps.tail.pool.closed(upstream.target.member);
    throw signal.reason;
  } catch (error) {
    // timers reject with an AbortError of their own
    throw signal.aborted ? signal.reason : error;
  } finally {
    stream.off('error', leave);
    stream.off('close', close);
  }
}

async function reach(
  client: Client,
  deps: ConnectionDeps,
  life: AbortController,
  begun: GivenSocket | undefined,
): Promise<Upstream> {
  const { tail } = deps;
  // Targets that went while they were dialed are asked for again; once, or one that comes and goes keeps a client for ever.
  for (let attempt = 1; ; attempt++) {
    const given =
      attempt === 1 && begun !== undefined ? begun : tail.stale ? await targetsFor(client, deps, life) : undefined;
    try {
      return await dial(deps, client.from, life.signal, given);
    } catch (error) {
      const gone = error instanceof DialFailure && tail.pool.empty && tail.stale;
      if (!gone || attempt > 1) throw error;
    }
  }
}

/** A client that has asked and then half-closed waits for its answer; one that ends without a word has left. */
async function targetsFor(
  client: Client,
  { tail, tally }: ConnectionDeps,
  life: AbortController,
): Promise<GivenSocket | undefined> {
  // emitted only when nothing was sent before it: nobody reads from the client yet
  const leave = (): void => life.abort(new ClientGone(''));
  const { stream } = client;
  stream.once('end', leave);
  if (stream.readableEnded) leave();
  // A socket reads by itself, and tells its end; other streams must be asked.
  const look = (): void => void (stream.readableLength === 0 && stream.read(0));
  if (!(stream instanceof Socket)) stream.on('readable', look);
  tally.add('waiting', 1);
  try {
    return await tail.wait(life.signal);
  } catch (error) {
    if (life.signal.aborted) throw error;
    throw new DialFailure('no-target', error instanceof Error ? error.message : String(error));
  } finally {
    tally.add('waiting', -1);
    stream.off('end', leave);
    stream.off('readable', look);
  }
}
