/** From what two ends have agreed to what is remembered of it: everything but the keys. */
import type { TunnelHalf, TunnelShape } from '../../tunnel/half.ts';
import type { Agreed } from '../../tunnel/negotiation.ts';
import type { Whose } from '../peers/owner.ts';
import type { TunnelRecord } from './record.ts';
import type { Places } from './tunnels.ts';

export interface RecordParts {
  readonly id: string;
  /** As it is written after `tunnel`. */
  readonly peer: string;
  readonly dialed: boolean;
  readonly whose: Whose;
  readonly agreed: Agreed;
  readonly half: TunnelHalf;
  readonly places: Places;
  readonly driver: boolean;
  readonly mtu: number | undefined;
}

export function recordOf({ id, peer, dialed, whose, agreed, half, places, driver, mtu }: RecordParts): TunnelRecord {
  const { attach, peerAttach } = places;
  const now = new Date().toISOString();
  return {
    id,
    peer,
    dialed,
    host: whose.host,
    identity: whose.identity,
    phase: 'installing',
    kind: agreed.kind,
    driver,
    ...(attach !== undefined && { attach }),
    ...(peerAttach !== undefined && { peerAttach }),
    ...(mtu !== undefined && { mtu }),
    createdAt: now,
    freshAt: now,
    shape: shapeOf(half),
  };
}

function shapeOf(half: TunnelHalf): TunnelShape {
  if (half.kind === 'ipsec') {
    const { out: _out, in: _in, netns: _netns, ...shape } = half;
    return shape;
  }
  const { privateKey: _key, netns: _netns, peer, ...shape } = half;
  const { presharedKey: _preshared, ...known } = peer;
  return { ...shape, peer: known };
}
