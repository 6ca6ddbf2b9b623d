/**
 * One client of a portable route, from accept to its record: dial, say who the client is, join.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionRecord, RouteOptions, ServedTrace } from '../route.ts';
import { proxyHeader } from '../stream/proxy-protocol.ts';
import type { Client, JoinEnd } from './client.ts';
import { DialFailure, type Upstream } from './dialing.ts';
import { join } from './join.ts';
import type { NamedDestinations } from './named.ts';
import { ClientGone, seek } from './seeking.ts';
import { localOf, remoteOf } from './socket.ts';
import type { Tally } from './tally.ts';
import { type CurrentTargets, now } from './targets.ts';

/** What a connection needs of its route. */
export interface ConnectionDeps {
  readonly options: RouteOptions;
  readonly tail: CurrentTargets;
  readonly tally: Tally;
  /** Where clients say themselves where they want to go. */
  readonly named?: NamedDestinations;
}

/**
 * Serves `client` to its end and reports it. Never rejects.
 *
 * @param client owned from now on
 * @param life aborting it resets the connection
 */
export async function serve(client: Client, deps: ConnectionDeps, life: AbortController): Promise<void> {
  const { options, tail, tally, named } = deps;
  const accepted = now();
  const { stream, from } = client;
  const bytes = { in: 0, out: 0 };
  let upstream: Upstream | undefined;
  let dialMs = -1;
  let end: JoinEnd;
  tally.add('open', 1);
  tally.add('total', 1);
  try {
    const answer = options.onServed !== undefined && tail.stale ? tail.awaited : 0;
    if (named === undefined) {
      upstream = await seek(client, deps, life);
      client.dialed(upstream.stream);
    } else upstream = await named.seek(client, tally, life.signal);
    dialMs = now() - accepted;
    tally.dialTimes.add(dialMs * 1000);
    announce(stream, upstream.stream, options.proxyProtocol);
    const count = (direction: 'in' | 'out', n: number): void => {
      bytes[direction] += n;
      if (direction === 'in') tally.add('bytesIn', n);
      else tally.add('bytesOut', n);
      if (direction === 'out' && tail.firstServed(answer)) options.onServed?.(traceOf(accepted, dialMs));
    };
    const { connIdleMs, halfOpenLingerMs } = options;
    const joining = { connIdleMs, halfOpenLingerMs, count, signal: life.signal };
    const pumped = tail.ways.pump?.join(stream, upstream.stream, joining);
    end = await (pumped ?? join(stream, upstream.stream, joining));
    if (named === undefined) tail.pool.closed(upstream.target.member);
  } catch (error) {
    tally.add('failed', 1);
    if (upstream !== undefined) {
      // whoever brought the client does not want it any more
      upstream.stream.destroy();
      if (named === undefined) tail.pool.closed(upstream.target.member);
    }
    end = failureOf(error);
    client.failed(end);
  }
  client.over?.();
  tally.add('open', -1);
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

function traceOf(accepted: number, dialMs: number): ServedTrace {
  const unix = (ms: number): number => performance.timeOrigin + ms;
  return { acceptedAt: unix(accepted), dialedAt: unix(accepted + dialMs), firstByteAt: unix(now()) };
}

function announce(client: Duplex, target: Duplex, version: RouteOptions['proxyProtocol']): void {
  if (version === undefined) return;
  // Of a client of a peer only the peer knows both ends.
  const [source, dest] = client instanceof Socket ? [remoteOf(client), localOf(client)] : [{}, {}];
  const ends =
    source.host === undefined || dest.host === undefined
      ? undefined
      : { sourceHost: source.host, sourcePort: source.port ?? 0, destHost: dest.host, destPort: dest.port ?? 0 };
  target.write(proxyHeader(version, ends));
}

function failureOf(error: unknown): JoinEnd {
  if (error instanceof DialFailure) return { reason: error.reason, detail: error.message };
  if (error instanceof ClientGone) return { reason: 'client-gone', detail: error.message };
  return { reason: 'closed-by-daemon', detail: '' };
}
