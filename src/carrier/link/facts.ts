/** What is known of a link, as plain data. */
import type { Hello } from './hello.ts';
import type { Link } from './link.ts';

/** Facts of a link that is up. */
export interface LinkFacts extends Pick<Hello, 'role' | 'instance' | 'host' | 'name' | 'insists' | 'version'> {
  readonly number: number;
  /** This end dialed it. */
  readonly dialed: boolean;
  /** PSK identity that was proved. */
  readonly identity: string;
  /** `HOST:PORT` of the other end. */
  readonly address: string;
  readonly skewMs: number;
  /** null until measured. */
  readonly rttMs: number | null;
  readonly connected: boolean;
  /** Of either carrier. */
  readonly streams: number;
  /** What carries connections now. */
  readonly carrier: 'tls' | 'quic';
  /** Why it is not the one that the configuration says; empty when it is. */
  readonly carrierReason: string;
  /** How datagrams travel now. */
  readonly datagrams: 'udp' | 'stream';
}

/** @returns undefined while nobody has said who is there */
export function factsOf(link: Link): LinkFacts | undefined {
  const { hello, number, dialed, peer, skewMs, rttMs, session, lane } = link;
  if (hello === undefined) return undefined;
  const { role, instance, host, name, insists, version } = hello;
  const proved = { identity: peer.identity, address: peer.address };
  const datagrams: LinkFacts['datagrams'] = link.datagrams.state === 'direct' ? 'udp' : 'stream';
  const streams = link.streams + (lane?.streams ?? 0);
  const carried = { carrier: lane?.carrier ?? 'tls', carrierReason: lane?.reason ?? '', streams } as const;
  const now = { datagrams, skewMs, rttMs: rttMs ?? null, connected: session.connected, ...carried };
  return { number, dialed, role, instance, host, name, insists, version, ...proved, ...now };
}
