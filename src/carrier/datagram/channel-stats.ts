/**
 * What a channel has counted, and how it is doing. Numbers only; safe to show.
 */
import type { ChannelState } from './prober.ts';

/** Counted from the beginning of the session. In is what came from the peer. */
export interface ChannelCounters {
  datagramsIn: number;
  datagramsOut: number;
  bytesIn: number;
  bytesOut: number;
  packetsIn: number;
  packetsOut: number;
  /** Packets that did not leave: no room, no route, too large for this machine. */
  dropped: number;
  /** Packets of an epoch or a generation that is unknown, or no longer known. */
  unknownKey: number;
  /** Packets that came before, or were too old to tell. */
  replayed: number;
  /** Packets that were not sealed by the peer, or not for us. */
  forged: number;
  /** Authenticated packets that do not hold what they should. */
  malformed: number;
  /** Times that the peer's address changed. */
  moves: number;
}

export interface ChannelStats extends Readonly<ChannelCounters> {
  readonly state: ChannelState;
  /** Where packets go; undefined while that is not known. */
  readonly address: string | undefined;
  /** Milliseconds there and back, of late. */
  readonly rttMs: number | undefined;
  /** Bytes of UDP payload that a packet may have. */
  readonly packetSize: number;
  readonly epoch: number;
  readonly generation: number;
  readonly rekeys: number;
  readonly lostProbes: number;
  /** Datagrams sent in fragments; and those that came so, incomplete, and were given up. */
  readonly fragmented: number;
  readonly incomplete: number;
}

export const noCounters = (): ChannelCounters => ({
  datagramsIn: 0,
  datagramsOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  packetsIn: 0,
  packetsOut: 0,
  dropped: 0,
  unknownKey: 0,
  replayed: 0,
  forged: 0,
  malformed: 0,
  moves: 0,
});
