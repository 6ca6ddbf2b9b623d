/**
 * The conformance suite of the data plane: what every implementation of `src/proxy/route.ts` must do, told from
 * outside, by sockets.
 *
 * Everything happens on 127.0.0.0/8 of the namespace the suite runs in; no test looks at how long something took.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { DataPlane } from '../../src/proxy/route.ts';
import { askGroup } from './relay-ask.ts';
import { bytesGroup } from './relay-bytes.ts';
import { datagramGroup } from './relay-datagram.ts';
import { datagramWaitingGroup } from './relay-datagram-waiting.ts';
import { dialGroup } from './relay-dial.ts';
import { endsGroup } from './relay-ends.ts';
import { givenGroup } from './relay-given.ts';
import { headerGroup } from './relay-header.ts';
import { headsGroup } from './relay-heads.ts';
import { limitsGroup } from './relay-limits.ts';
import { poolGroup } from './relay-pool.ts';
import { recordsGroup } from './relay-records.ts';
import { servedGroup } from './relay-served.ts';
import { waitingGroup } from './relay-waiting.ts';

/** Lends the plane under test; it outlives every test of a group. */
export type Lend = () => DataPlane;

/** What an implementation cannot do, each with the reason that is printed. */
export interface Inability {
  /** Replies of a wildcard UDP head leave from the address that was asked. */
  readonly replyAddress?: string;
}

const groups: Readonly<Record<string, (lend: Lend, unable: Inability) => void>> = {
  ends: endsGroup,
  bytes: bytesGroup,
  dialing: dialGroup,
  'limits and time': limitsGroup,
  pools: poolGroup,
  heads: headsGroup,
  'targets on demand': askGroup,
  'clients that wait': waitingGroup,
  'clients that waited': servedGroup,
  'targets that are connected already': givenGroup,
  'PROXY protocol': headerGroup,
  'records and counters': recordsGroup,
  datagrams: datagramGroup,
  'datagrams that wait': datagramWaitingGroup,
};

/** Runs the whole suite against the plane that `make` starts. */
export function relayConformance(name: string, make: () => Promise<DataPlane>, unable: Inability = {}): void {
  describe(name, () => {
    let plane: DataPlane | undefined;
    const lend: Lend = () => {
      if (plane === undefined) throw new Error('the data plane did not start');
      return plane;
    };
    beforeAll(async () => {
      plane = await make();
    });
    afterAll(async () => {
      await plane?.[Symbol.asyncDispose]();
    });
    for (const [title, group] of Object.entries(groups)) describe(title, () => group(lend, unable));
  });
}
