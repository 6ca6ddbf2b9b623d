/**
 * `stats [ID]`: counters of all wormholes in a table, or of one with the members of its pool and its way across hosts.
 */
import type { MemberStats, Stats } from '../../spec/api.ts';
import { hopTable } from '../hops.ts';
import type { Invocation, Sink } from '../invocation.ts';
import { painter } from '../paint.ts';
import { print, printJson } from '../print.ts';
import { type Column, type Row, table } from '../table.ts';
import { bytes, millis } from '../units.ts';

const right = (title: string): Column => ({ title, align: 'right', elastic: true });
const counters = ['OPEN', 'TOTAL', 'FAILED', 'IN', 'OUT', 'DIAL-P50', 'DIAL-P99'].map(right);
const datagrams = ['DGRAM-IN', 'DGRAM-OUT', 'DROPPED'].map(right);
const memberColumns = [{ title: 'TARGET' }, { title: 'HEALTH' }, ...['OPEN', 'DIALED', 'FAILED'].map(right)];

export async function stats(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  const id = call.words[0];
  await using daemon = await call.open();
  if (id === undefined) {
    const [{ wormholes }, total] = await Promise.all([daemon.list(), daemon.stats()]);
    const each = wormholes.map(({ id, stats }) => ({ id, ...stats }));
    if (call.json) await printJson(stdout, { total, wormholes: each });
    else await print(stdout, counterTable([...each, { id: 'TOTAL', ...total }], stdout));
    return 0;
  }
  const { wormhole, segments } = await daemon.get(id);
  const { stats: one } = wormhole;
  if (call.json) {
    const hops = segments.map(({ url, state, reason, peer, rttMs, stats }) => ({
      ...(peer !== undefined && { peer, rttMs }),
      url,
      state,
      reason,
      stats,
    }));
    await printJson(stdout, { id, ...one, segments: hops });
    return 0;
  }
  const paint = painter(stdout, env);
  const members = one.members.map((member) => memberRow(member, (cell) => paint(member.up ? 'green' : 'red', cell)));
  const memberTable = members.length === 0 ? '' : `\n${table(memberColumns, members, stdout)}`;
  const hops = hopTable(segments, stdout);
  await print(stdout, counterTable([{ id, ...one }], stdout) + memberTable + (hops && `\n${hops}`));
  return 0;
}

/** Datagrams have columns only where there were any. */
function counterTable(rows: ReadonlyArray<Stats & { id: string }>, sink: Sink): string {
  const any = rows.some((one) => one.datagramsIn + one.datagramsOut + one.datagramsDropped > 0);
  const columns = [{ title: 'ID' }, ...counters, ...(any ? datagrams : [])];
  const cells = rows.map((one) => ({ cells: [one.id, ...counts(one), ...datagramCounts(one)] }));
  return table(columns, cells, sink);
}

function counts(stats: Stats): string[] {
  return [
    String(stats.connectionsOpen),
    String(stats.connectionsTotal),
    String(stats.connectionsFailed),
    bytes(stats.bytesIn),
    bytes(stats.bytesOut),
    millis(stats.dialP50Ms),
    millis(stats.dialP99Ms),
  ];
}

function datagramCounts(stats: Stats): string[] {
  return [stats.datagramsIn, stats.datagramsOut, stats.datagramsDropped].map(String);
}

function memberRow(one: MemberStats, paint: (cell: string) => string): Row {
  return {
    cells: [one.target, one.up ? 'up' : 'skipped', String(one.open), String(one.dialed), String(one.failed)],
    paint: (cell, column) => (column === 1 ? paint(cell) : cell),
  };
}
