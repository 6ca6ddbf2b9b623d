/**
 * From a client that names its destination to its upstream: hears it, asks what may be dialed, dials, and tells the client.
 *
 * Such a destination is dialed once, each of its addresses in turn: it has no pool, and nobody to wait for.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { CredentialsFile } from '../connect/credentials-file.ts';
import type { Destination } from '../connect/destination.ts';
import { type Negotiation, negotiate } from '../connect/negotiate.ts';
import { ClientLeft, Refused } from '../connect/refusal.ts';
import { refusalOf } from '../connect/refusal-of.ts';
import type { NamedTargets, RouteOptions, UpstreamTarget } from '../route.ts';
import { attempt } from './attempt.ts';
import type { Client } from './client.ts';
import { DialFailure, type Upstream } from './dialing.ts';
import { resetStream } from './reset.ts';
import { ClientGone } from './seeking.ts';
import { adopt, localOf } from './socket.ts';
import type { Tally } from './tally.ts';
import { now } from './targets.ts';
import { refuseUnreachable, type Ways } from './ways.ts';

/** Bytes of the head of a client. */
const HEAD_BYTES = 8192;

/** Asks the clients of one route. */
export class NamedDestinations {
  readonly #options: RouteOptions;
  readonly #connect: NonNullable<RouteOptions['connect']>;
  readonly #ways: Ways;
  readonly #credentials: CredentialsFile | undefined;

  constructor(options: RouteOptions, connect: NonNullable<RouteOptions['connect']>, ways: Ways) {
    this.#options = options;
    this.#connect = connect;
    this.#ways = ways;
    this.#credentials = connect.auth === undefined ? undefined : new CredentialsFile(connect.auth);
  }

  /**
   * The upstream that `client` wants, after the client was told that it has it.
   *
   * @param client destroyed when this rejects, having been told why where that is possible
   * @throws {DialFailure}, {ClientGone}, or the signal's reason
   */
  async seek(client: Client, tally: Tally, signal: AbortSignal): Promise<Upstream> {
    const { stream } = client;
    const gone = new AbortController();
    const leave = (error?: Error): void => gone.abort(new ClientGone(error?.message ?? ''));
    stream.on('error', leave);
    stream.once('close', leave);
    const either = AbortSignal.any([signal, gone.signal]);
    try {
      // a peer between us passes on what its client says only after this
      client.dialed();
      const negotiation = await this.#hear(stream, signal);
      return await this.#reach(negotiation, client, tally, either);
    } catch (error) {
      resetStream(stream);
      throw signal.aborted ? signal.reason : error;
    } finally {
      stream.off('close', leave);
    }
  }

  async #hear(stream: Duplex, signal: AbortSignal): Promise<Negotiation> {
    const { kind, deadlineMs } = this.#connect;
    const credentials = this.#credentials;
    try {
      return await negotiate(stream, {
        kind,
        deadlineMs,
        maxHeadBytes: HEAD_BYTES,
        signal,
        ...(credentials !== undefined && { credentials: (...login) => credentials.check(...login) }),
      });
    } catch (error) {
      if (error instanceof Refused) throw new DialFailure('refused', error.message);
      if (error instanceof ClientLeft) throw new ClientGone(error.message);
      throw error;
    }
  }

  async #reach(negotiation: Negotiation, client: Client, tally: Tally, signal: AbortSignal): Promise<Upstream> {
    const { destination } = negotiation;
    let reason: DialFailure['reason'] = 'no-target';
    let targets: NamedTargets | undefined;
    try {
      targets = await this.#ask(destination, client.from, tally, signal);
      reason = 'dial-failed';
      const upstream = await dialEach(targets, {
        ways: this.#ways,
        from: client.from,
        timeoutMs: this.#options.connectTimeoutMs,
        signal,
      });
      negotiation.accept(endOf(upstream.stream));
      return upstream;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      await negotiation.refuse(refusalOf(error));
      const message = error instanceof Error ? error.message : String(error);
      throw new DialFailure(reason, `${destination.host} port ${destination.port}: ${message}`);
    } finally {
      targets?.done?.();
    }
  }

  async #ask(destination: Destination, from: string, tally: Tally, signal: AbortSignal): Promise<NamedTargets> {
    const { askDestination } = this.#options;
    if (askDestination === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'nobody knows destinations');
    tally.add('waiting', 1);
    const asked = askDestination(destination, from, signal);
    try {
      return await within(signal, asked);
    } catch (error) {
      // an answer that comes when the client has left holds descriptors all the same
      void asked.then(giveUp, () => undefined);
      throw error;
    } finally {
      tally.add('waiting', -1);
    }
  }
}

function giveUp({ connected, done }: NamedTargets): void {
  connected?.socket[Symbol.dispose]();
  done?.();
}

interface DialOptions {
  readonly ways: Ways;
  readonly from: string;
  /** For all addresses together; 0 = the kernel's. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** @throws what the last of them failed with */
async function dialEach({ targets, connected }: NamedTargets, options: DialOptions): Promise<Upstream> {
  const given = targets.find(({ member }) => member === connected?.member);
  if (connected !== undefined && given !== undefined && !options.signal.aborted) {
    return { stream: adopt(connected.socket), target: given };
  }
  connected?.socket[Symbol.dispose]();
  for (const target of targets) refuseUnreachable(target, 'stream', options.ways);
  // of namespaces and roots, copies that are dialed
  const raw = options.ways.raw?.targets();
  try {
    return await dialInTurn(raw?.replace(targets) ?? targets, options);
  } finally {
    raw?.close();
  }
}

async function dialInTurn(targets: readonly UpstreamTarget[], options: DialOptions): Promise<Upstream> {
  const { ways, from, signal } = options;
  const until = options.timeoutMs > 0 ? now() + options.timeoutMs : Number.POSITIVE_INFINITY;
  let last: unknown = new WormholeError('WH_ERR_NAME_NOT_RESOLVED', 'there is no address to dial');
  for (const [index, target] of targets.entries()) {
    // one that does not answer may not eat the time of the others
    const timeoutMs = (until - now()) / (targets.length - index);
    try {
      const stream = await attempt(target, { ways, from, timeoutMs, signal });
      if (!signal.aborted) return { stream, target };
      stream.destroy();
    } catch (error) {
      last = error;
    }
    signal.throwIfAborted();
  }
  throw last;
}

/** Our own end of it, as SOCKS wants to know it. */
function endOf(stream: Duplex): Destination | undefined {
  const { host, port } = stream instanceof Socket ? localOf(stream) : {};
  return host === undefined || port === undefined ? undefined : { host, port };
}
