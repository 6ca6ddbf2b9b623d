/**
 * One client of a portable route, from accept to its record: dial, say who the client is, join.
 */
import type { Socket } from 'node:net';
import type { ConnectionRecord, RouteOptions } from '../route.ts';
import { proxyHeader } from '../stream/proxy-protocol.ts';
import { DialFailure, dial, type Upstream } from './dialing.ts';
import { type JoinEnd, join } from './join.ts';
import { endpointText } from './listen-address.ts';
import { resetSocket } from './reset.ts';
import type { Tally } from './tally.ts';
import { type CurrentTargets, now } from './targets.ts';

/** What a connection needs of its route. */
export interface ConnectionDeps {
  readonly options: RouteOptions;
  readonly tail: CurrentTargets;
  readonly tally: Tally;
}

class ClientGone extends Error {}

/**
 * Serves `client` to its end and reports it. Never rejects.
 *
 * @param client owned from now on
 * @param signal aborting it resets the connection
 */
export async function serve(client: Socket, deps: ConnectionDeps, signal: AbortSignal): Promise<void> {
  const { options, tail, tally } = deps;
  const accepted = now();
  const from = endpointText(client.remoteAddress, client.remotePort);
  const bytes = { in: 0, out: 0 };
  let upstream: Upstream | undefined;
  let dialMs = -1;
  let end: JoinEnd;
  tally.open++;
  tally.total++;
  try {
    upstream = await dialFor(client, deps, signal);
    dialMs = now() - accepted;
    tally.dialTimes.add(dialMs * 1000);
    announce(client, upstream.socket, options.proxyProtocol);
    const count = (direction: 'in' | 'out', n: number): void => {
      bytes[direction] += n;
      if (direction === 'in') tally.bytesIn += n;
      else tally.bytesOut += n;
    };
    const { connIdleMs, halfOpenLingerMs } = options;
    end = await join(client, upstream.socket, { connIdleMs, halfOpenLingerMs, count, signal });
    tail.pool.closed(upstream.target.member);
  } catch (error) {
    tally.failed++;
    resetSocket(client);
    end = failureOf(error);
  }
  tally.open--;
  options.onClosed?.({
    client: from,
    upstream: upstream?.target.label ?? '',
    ...end,
    durationMs: now() - accepted,
    dialMs,
    bytesIn: bytes.in,
    bytesOut: bytes.out,
  } satisfies ConnectionRecord);
}

/** Dials while the client is watched: a reset client needs no upstream any more. */
async function dialFor(client: Socket, deps: ConnectionDeps, signal: AbortSignal): Promise<Upstream> {
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  const leave = (error: Error): void => gone.abort(new ClientGone(error.message));
  client.on('error', leave);
  if (client.errored !== null) leave(client.errored);
  try {
    const upstream = await dial(deps.tail, deps.options.connectTimeoutMs, either);
    if (!either.aborted) return upstream;
    upstream.socket.destroy();
    deps.tail.pool.closed(upstream.target.member);
    throw either.reason;
  } catch (error) {
    // timers reject with an AbortError of their own
    throw either.aborted ? either.reason : error;
  }
}

function announce(client: Socket, target: Socket, version: RouteOptions['proxyProtocol']): void {
  if (version === undefined) return;
  const { remoteAddress, remotePort, localAddress, localPort } = client;
  const ends =
    remoteAddress === undefined || localAddress === undefined
      ? undefined
      : {
          sourceHost: remoteAddress,
          sourcePort: remotePort ?? 0,
          destHost: localAddress,
          destPort: localPort ?? 0,
        };
  target.write(proxyHeader(version, ends));
}

function failureOf(error: unknown): JoinEnd {
  if (error instanceof DialFailure) return { reason: error.reason, detail: error.message };
  if (error instanceof ClientGone) return { reason: 'client-gone', detail: error.message };
  return { reason: 'closed-by-daemon', detail: '' };
}
