/** What a segment needs for the rest of its spec, if that runs on a peer. */
import { createHash } from 'node:crypto';
import { WormholeError } from '../../../lib/errors.ts';
import { formatAddress } from '../../../spec/address.ts';
import { UP } from '../../status.ts';
import type { SegmentOptions } from '../segment-options.ts';
import type { Tail } from '../tail.ts';
import { FarMember } from './far-member.ts';
import { linkWay, tunnelWay } from './far-way.ts';
import { RemoteRest } from './remote-rest.ts';

/** Peers that a spec may lead through. */
const MOST_PEERS = 16;
/** Characters of a guest's name. */
const LONGEST = 100;

/** @returns undefined unless the segment's link leads to a peer @throws {WormholeError} WH_ERR_SELF_PROXY for too long a way */
export function remoteRest(options: SegmentOptions, tail: () => Tail): RemoteRest | undefined {
  const { plan, record, depth, trail, back, surroundings, log, onChange, permit } = options;
  const { link } = plan;
  if (link?.peer === undefined || link.rest === undefined || back !== undefined) return undefined;
  const { abroad } = surroundings;
  if (trail.length >= MOST_PEERS) {
    throw new WormholeError(
      'WH_ERR_SELF_PROXY',
      `the way leads through more than ${MOST_PEERS} peers; does it lead in a circle?`,
    );
  }
  const { peer, calls } = abroad.peer(link.peer);
  const { words, protocol, port } = link.rest;
  const { peer: address, kind } = link;
  const allow = permit === undefined ? {} : { allow: (host: string) => permit.peer(address, host) };
  const way =
    kind === 'tunnel' || kind === 'udptunnel'
      ? tunnelWay(kind, (signal) => abroad.tunnel({ peer: address, udp: kind === 'udptunnel', ...allow }, signal))
      : linkWay(trail.length + 1);
  const rest: RemoteRest = new RemoteRest({
    peer,
    calls,
    guest: guestName(record.id, depth),
    request: {
      words: [...words],
      protocol,
      ...(port !== undefined && { port }),
      trail: [...trail, `${abroad.host}/${record.id}`],
    },
    way,
    ...allow,
    follow: abroad.follow,
    rttMs: abroad.rttMs,
    log,
    onStatus: onChange,
    onChange: async () => {
      await tail().changed(rest.member, () => Promise.resolve());
      onChange();
    },
  });
  return rest;
}

/** The only member of a tail whose connections go to the peer that asked for it, on the link that it asked on. */
export function backToWhoAsked({ back, plan: { link } }: SegmentOptions): FarMember | undefined {
  if (back === undefined || link?.peer === undefined) return undefined;
  const member = new FarMember(`back to ${formatAddress(link.peer)}`, () => Promise.resolve());
  member.arrived({ kind: 'link', ...back }, UP);
  return member;
}

/** The same for the same link of the same wormhole, also after a restart. */
function guestName(id: string, depth: number): string {
  const name = `${id}.${depth}`;
  return name.length <= LONGEST ? name : createHash('sha256').update(name).digest('hex').slice(0, 32);
}
