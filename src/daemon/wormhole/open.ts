/**
 * Building a wormhole out of its record: its first segment, and with it all that hang on it.
 */
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Surroundings } from '../surroundings.ts';
import { openSegment } from './open-segment.ts';
import type { FarPlace } from './remote/far-member.ts';
import type { Spot } from './self-proxy.ts';
import type { Underway } from './underway.ts';
import { Wormhole } from './wormhole.ts';

export interface OpenOptions {
  readonly record: WormholeRecord;
  readonly plan: Plan;
  /** For people: canonical words and plan with secrets redacted. */
  readonly shown: { readonly spec: string; readonly plan: Plan };
  readonly surroundings: Surroundings;
  readonly eager: boolean;
  /** Ends the attempt; not the wormhole, once it is made. */
  readonly signal: AbortSignal;
  /** Status, port or identities may have changed. */
  readonly onChange: () => void;
  readonly onUnderway?: (part: Underway) => void;
  /** HOST/WORMHOLE of the peers that it runs for, the first one first; none for one of this daemon's own. */
  readonly trail?: readonly string[];
  /** See {@link SegmentOptions.back}. */
  readonly back?: FarPlace;
  /** Id of the wormhole of ours that listens at a spot, if whoever asks for this one may know it. */
  readonly holderOf: (spot: Spot) => string | undefined;
}

/** @throws {WormholeError} when eager, whatever keeps it from working */
export async function openWormhole(options: OpenOptions): Promise<Wormhole> {
  const { shown, plan, ...rest } = options;
  // For one line per connection, thousands a second: no secret can be in them, and looking for one costs most.
  const log = options.surroundings.log.child({ wormhole: options.record.id }, { redact: [] });
  const { owner } = options.record;
  const permit = owner === undefined ? {} : { permit: options.surroundings.policies.permit(owner) };
  const segment = await openSegment({
    trail: [],
    ...rest,
    ...permit,
    restored: !options.eager,
    plan: plan.segment,
    depth: 0,
    log,
  });
  return new Wormhole({ record: options.record, ...shown, segment });
}
