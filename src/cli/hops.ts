/**
 * The segments of a wormhole as a way across hosts: one row each, from the client to the target, with what each adds.
 */
import type { Segment } from '../spec/api.ts';
import type { Sink } from './invocation.ts';
import { type Column, table } from './table.ts';
import { bytes, millis } from './units.ts';

const right = (title: string): Column => ({ title, align: 'right', elastic: true });
const columns: readonly Column[] = [
  { title: 'HOP' },
  { title: 'STATE' },
  ...['RTT', 'OPEN', 'TOTAL', 'FAILED', 'IN', 'OUT', 'DIAL-P50', 'OF-IT-HERE'].map(right),
];

/** '' for a wormhole that is all here. */
export function hopTable(segments: readonly Segment[], sink: Sink): string {
  if (!segments.some(({ peer }) => peer !== undefined)) return '';
  const rows = segments.map((one, index) => {
    const { stats } = one;
    const cells = [
      one.peer ?? 'here',
      one.state,
      millis(one.rttMs ?? null),
      ...[stats.connectionsOpen, stats.connectionsTotal, stats.connectionsFailed].map(String),
      bytes(stats.bytesIn),
      bytes(stats.bytesOut),
      millis(stats.dialP50Ms),
      millis(ownDialMs(one, segments[index + 1])),
    ];
    return { cells, note: one.reason };
  });
  return table(columns, rows, sink);
}

/** To dial a peer takes until the peer has dialed: what is left of it was lost here and on the way there. */
export function ownDialMs({ peer, stats: { dialP50Ms } }: Segment, next: Segment | undefined): number | null {
  const leadsOn = next?.peer !== undefined && next.peer !== peer;
  if (!leadsOn || dialP50Ms === null) return dialP50Ms;
  return next.stats.dialP50Ms === null ? null : Math.max(0, dialP50Ms - next.stats.dialP50Ms);
}
