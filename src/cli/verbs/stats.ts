/**
 * `stats [ID]`: counters of all wormholes in a table, or of one with the members of its pool.
 */
import type { MemberStats, Stats, Wormhole } from '../../spec/api.ts';
import type { Invocation } from '../invocation.ts';
import { painter } from '../paint.ts';
import { print, printJson } from '../print.ts';
import { type Column, type Row, table } from '../table.ts';
import { bytes, millis } from '../units.ts';

const right = (title: string): Column => ({ title, align: 'right' });
const counters = ['OPEN', 'TOTAL', 'FAILED', 'IN', 'OUT', 'DIAL-P50', 'DIAL-P99'].map(right);
const datagrams = ['DGRAM-IN', 'DGRAM-OUT', 'DROPPED'].map(right);
const memberColumns = [
  { title: 'TARGET', elastic: true } as const,
  { title: 'HEALTH' },
  ...['OPEN', 'DIALED', 'FAILED'].map(right),
];

export async function stats(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  const id = call.words[0];
  await using daemon = await call.open();
  const wormholes = id === undefined ? (await daemon.list()).wormholes : [(await daemon.get(id)).wormhole];
  if (call.json) {
    const all = wormholes.map((one) => ({ id: one.id, ...one.stats }));
    await printJson(stdout, id === undefined ? { stats: all } : all[0]);
    return 0;
  }
  const anyDatagrams = wormholes.some(
    ({ stats }) => stats.datagramsIn + stats.datagramsOut + stats.datagramsDropped > 0,
  );
  const columns = [{ title: 'ID' }, ...counters, ...(anyDatagrams ? datagrams : [])];
  await print(stdout, table(columns, wormholes.map(row), stdout));
  const members = id === undefined ? [] : (wormholes[0]?.stats.members ?? []);
  if (members.length > 0) {
    const paint = painter(stdout, env);
    const rows = members.map((one) => memberRow(one, (cell) => paint(one.up ? 'green' : 'red', cell)));
    await print(stdout, `\n${table(memberColumns, rows, stdout)}`);
  }
  return 0;
}

function row({ id, stats }: Wormhole): Row {
  return { cells: [id, ...counts(stats), ...datagramCounts(stats)] };
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
