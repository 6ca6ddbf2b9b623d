/**
 * One client of a portable route, from accept to its record: dial, say who the client is, join.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RouteOptions } from '../route.ts';
import { proxyHeader } from '../stream/proxy-protocol.ts';
import { Account } from './account.ts';
import type { Client, JoinEnd } from './client.ts';
import { DialFailure, type Upstream } from './dialing.ts';
import { join } from './join.ts';
import { endpointText } from './listen-address.ts';
import type { NamedDestinations } from './named.ts';
import { ClientGone, seek } from './seeking.ts';
import { localOf, remoteOf } from './socket.ts';
import type { Tally } from './tally.ts';
import type { CurrentTargets, GivenSocket } from './targets.ts';

/** What a connection needs of its route. */
export interface ConnectionDeps {
  readonly options: RouteOptions;
  readonly tail: CurrentTargets;
  readonly tally: Tally;
  /** Where clients say themselves where they want to go. */
  readonly named?: NamedDestinations;
}

/** What was done for a connection before somebody else takes over. */
export interface Begun {
  readonly account: Account;
  /** A socket that is connected or connecting, owned from now on. */
  readonly given?: GivenSocket;
}

/**
 * Serves `client` to its end and reports it. Never rejects.
 *
 * @param client owned from now on
 * @param life aborting it resets the connection
 */
export async function serve(
  client: Client,
  deps: ConnectionDeps,
  life: AbortController,
  begun: Begun = { account: new Account(deps, client.from) },
): Promise<void> {
  const { options, tail, tally, named } = deps;
  const { account, given } = begun;
  const { stream } = client;
  let upstream: Upstream | undefined;
  let end: JoinEnd;
  try {
    if (named === undefined) {
      upstream = await seek(client, deps, life, given);
      client.dialed(localTextOf(upstream.stream));
    } else upstream = await named.seek(client, tally, life.signal);
    account.reached(upstream.target.label);
    announce(stream, upstream.stream, options.proxyProtocol);
    const { connIdleMs, halfOpenLingerMs } = options;
    const joining = { connIdleMs, halfOpenLingerMs, count: account.count, signal: life.signal };
    const pumped = tail.ways.pump?.join(stream, upstream.stream, joining);
    end = await (pumped ?? join(stream, upstream.stream, joining));
    if (named === undefined) tail.pool.closed(upstream.target.member);
  } catch (error) {
    account.failed();
    if (upstream !== undefined) {
      // whoever brought the client does not want it any more
      upstream.stream.destroy();
      if (named === undefined) tail.pool.closed(upstream.target.member);
    }
    end = failureOf(error);
    client.failed(end);
  }
  client.over?.();
  account.over(end);
}

function localTextOf(upstream: Duplex): string {
  if (!(upstream instanceof Socket)) return '';
  const { host, port } = localOf(upstream);
  return endpointText(host, port);
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
