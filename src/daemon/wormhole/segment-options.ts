/** What a segment is built from. */
import type { SegmentPlan } from '../../spec/plan.ts';
import type { Logger } from '../log.ts';
import type { Permit } from '../policy/permit.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Surroundings } from '../surroundings.ts';
import type { FarPlace } from './remote/far-member.ts';
import type { Spot } from './self-proxy.ts';
import type { Tail } from './tail.ts';
import type { Underway } from './underway.ts';

export interface SegmentOptions {
  readonly record: WormholeRecord;
  readonly plan: SegmentPlan;
  /** 0 = the first. */
  readonly depth: number;
  readonly surroundings: Surroundings;
  readonly log: Logger;
  readonly eager: boolean;
  /** The wormhole is made again from memory: its containers may be there. */
  readonly restored: boolean;
  /** The tail that this segment hangs on, when its head is where that is. */
  readonly parent?: Tail;
  /** What it may do, when it belongs to a peer; absent = everything. */
  readonly permit?: Permit;
  /** Ends the attempt; not the segment, once it is made. */
  readonly signal: AbortSignal;
  /** Status, port or identities may have changed. */
  readonly onChange: () => void;
  /** Told while it is built, so that its status can be seen. */
  readonly onUnderway?: (part: Underway) => void;
  /** HOST/WORMHOLE of the peers that it runs for, the first one first. */
  readonly trail: readonly string[];
  /** Its connections go to the peer that it runs for, instead of where its link leads. */
  readonly back?: FarPlace;
  /** Id of the wormhole of ours that listens at a spot, if whoever asks for this one may know it. */
  readonly holderOf: (spot: Spot) => string | undefined;
}
