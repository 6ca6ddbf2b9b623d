/**
 * A ping to a peer on its link: there and back once, through its control API, and what is known of the way.
 *
 * For another peer it is a dial like any other: judged by the address that the link leads to. Through a peer, `b > c`, that one
 * pings the next.
 */
import { createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CarrierLinks } from '../../carrier/listener.ts';
import { Client } from '../../client/client.ts';
import type { Secret } from '../../lib/secret.ts';
import type { PingAnswer } from '../../spec/api.ts';
import type { Caller } from '../api/operations.ts';
import type { Policies } from '../policy/policies.ts';
import { readAddress } from '../read-address.ts';
import { type Allow, literalOf } from './allowed-endpoints.ts';
import { askAgain, openApi } from './open-api.ts';
import type { Peers } from './peers.ts';

/** Milliseconds that the peer may take to answer. */
const PING_MS = 10_000;
/** Between peers of a way. */
const THEN = ' > ';

interface Ping {
  /** As written. */
  readonly address: string;
  readonly payload: string;
}

export interface PingSurroundings {
  readonly peers: Peers;
  readonly links: Pick<CarrierLinks, 'openApi' | 'facts'>;
  readonly policies: Pick<Policies, 'peer'>;
}

/** @throws {WormholeError} why the peer cannot be reached; WH_ERR_POLICY when a peer asks and may not */
export async function pingOnLink(
  { address, payload }: Ping,
  { peers, links, policies }: PingSurroundings,
  { origin, signal }: Caller,
): Promise<PingAnswer> {
  const [first = '', ...others] = address.split(THEN);
  const at = readAddress(first);
  const allow: Allow | undefined =
    origin.kind === 'peer' ? (host) => policies.peer(origin.identity, at, host) : undefined;
  if (at.kind === 'unix') allow?.('');
  const peer = peers.at(at);
  using _wish = peer.want(allow);
  const begun = performance.now();
  const there = peer.link !== undefined;
  const link = await peer.up(signal);
  // Somebody who may more may have made it.
  allow?.(literalOf(link.address));
  const linkMs = there ? 0 : performance.now() - begun;
  const open = async (abort: AbortSignal): Promise<Socket> => await openApi(peer, links, abort);
  const endpoint = { kind: 'opened', name: `peer ${peer.name}`, open } as const;
  await using client = new Client({ endpoint, guessed: false, timeoutMs: PING_MS });
  const sent = performance.now();
  const {
    rttMs: _rtt,
    connectMs: _connect,
    ...answer
  } = await askAgain(
    () => client.ping({ payload, signal, ...(others.length > 0 && { host: others.join(THEN) }) }),
    signal,
  );
  const peerRttMs = performance.now() - sent;
  if (others.length > 0) return { ...answer, peerRttMs, ...through(first, linkMs, answer.way) };
  const { dialed, address: other, name } = link;
  // What carries connections may have changed since the link was made.
  const { carrier, carrierReason } = await links.facts(link.number).catch(() => link);
  const key = fingerprint(peer.known.key());
  return {
    ...answer,
    peerRttMs,
    way: { path: dialed ? 'direct' : 'joined', carrier, carrierReason, address: other, name, key, linkMs },
  };
}

/** A way that begins at a peer. */
function through(peer: string, linkMs: number, way: PingAnswer['way']): Pick<PingAnswer, 'way'> {
  if (way === undefined) return {};
  const via = way.via === undefined ? peer : `${peer}${THEN}${way.via}`;
  return { way: { ...way, path: 'via', via, linkMs: linkMs + way.linkMs } };
}

/** The same at both ends, and nothing to find the key by: the key has 32 random bytes, or was judged as if. */
function fingerprint(key: Secret): string {
  return createHmac('sha256', key.bytes()).update('wormhole key fingerprint').digest('hex').slice(0, 16);
}
