/**
 * Asks a client where it wants to go: HTTP CONNECT or SOCKS5, told apart by the first byte.
 *
 *     client ──► head ──► destination ──► (the caller dials) ──► accept: the tunnel begins
 *                  └────► answer, close                     └──► refuse: answer, close
 *
 * One deadline holds from the first byte to the last of the head, however they trickle, and every message has a limit. What a client
 * sends behind its head stays in the stream, for the destination. Not here: names, policy, dialing, relaying.
 */
import type { Duplex } from 'node:stream';
import { Deadline, within } from '../../lib/deadline.ts';
import type { Destination } from './destination.ts';
import type { Check, Dialect, Line } from './dialect.ts';
import { farewell } from './farewell.ts';
import { HttpDialect } from './http-dialect.ts';
import { headLength } from './http-head.ts';
import { readMessage } from './read-message.ts';
import { ClientLeft, type Refusal, Refused } from './refusal.ts';
import { SocksDialect } from './socks5-dialect.ts';
import { greetingLength, VERSION } from './socks5-wire.ts';

/** How clients are asked. */
export interface NegotiateOptions {
  readonly kind: 'http' | 'socks5' | 'any';
  /** Absent = anybody is served. A rejection means that it cannot be told now. */
  readonly credentials?: (user: string, password: string, signal: AbortSignal) => boolean | Promise<boolean>;
  /** Milliseconds until the destination is known, credentials included. */
  readonly deadlineMs: number;
  /** Bytes of one message of the client. */
  readonly maxHeadBytes: number;
  readonly signal: AbortSignal;
}

/** A client that waits for its answer. Exactly one of `accept` and `refuse` is called, once. */
export interface Negotiation {
  readonly protocol: 'http' | 'socks5';
  readonly destination: Destination;
  /** Who the client is, where credentials were asked for. */
  readonly user?: string;
  /** Tells the client that the tunnel stands. @param bound our own end of it */
  readonly accept: (bound?: Destination) => void;
  /** Tells the client why not, and closes; resolves when it is destroyed. Never rejects. */
  readonly refuse: (why: Refusal) => Promise<void>;
}

/**
 * Reads what `client` wants.
 *
 * @param client a stream with `allowHalfOpen`, borrowed, with a listener of the caller's for `error`; paused when this
 *   resolves, destroyed when it rejects by itself
 * @throws {Refused} the client was told why it is not served
 * @throws {ClientLeft} it went away
 * @throws the signal's reason; the client is as it was
 */
export async function negotiate(client: Duplex, options: NegotiateOptions): Promise<Negotiation> {
  const { kind, signal, credentials } = options;
  signal.throwIfAborted();
  using deadline = new Deadline(options.deadlineMs, signal);
  const take: Line['take'] = (length) => readMessage(client, length, options.maxHeadBytes, deadline.signal);
  const line: Line = { take, say: (bytes) => void client.write(bytes) };
  const check = credentials && checkWithin(credentials, deadline.signal);
  let dialect = kind === 'any' ? undefined : dialectOf(kind);
  try {
    const first = await take((bytes, seen) => {
      dialect ??= dialectOf(bytes[0] === VERSION ? 'socks5' : 'http');
      return dialect.protocol === 'http' ? headLength(bytes, seen) : greetingLength(bytes);
    });
    const spoken = dialect ?? dialectOf('http');
    return outcome(client, spoken, await spoken.open(first, check, line), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ClientLeft) {
      client.destroy();
      throw error;
    }
    const refused = error instanceof Refused ? error : new Refused(deadline.signal.aborted ? 'slow' : 'unavailable');
    await farewell(client, dialect?.no(refused.why) ?? '', signal);
    throw refused;
  }
}

function dialectOf(protocol: 'http' | 'socks5'): Dialect {
  return protocol === 'http' ? new HttpDialect() : new SocksDialect();
}

function checkWithin(credentials: NonNullable<NegotiateOptions['credentials']>, signal: AbortSignal): Check {
  return (user, password) => within(signal, Promise.resolve(credentials(user, password, signal)));
}

function outcome(
  client: Duplex,
  dialect: Dialect,
  opening: Pick<Negotiation, 'destination' | 'user'>,
  signal: AbortSignal,
): Negotiation {
  return {
    ...opening,
    protocol: dialect.protocol,
    accept: (bound) => void client.write(dialect.yes(bound)),
    refuse: (why) => farewell(client, dialect.no(why), signal),
  };
}
