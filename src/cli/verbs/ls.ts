/**
 * `ls`: the wormholes, one line each.
 */
import type { Wormhole } from '../../spec/api.ts';
import { printable } from '../../spec/invalid.ts';
import type { Invocation } from '../invocation.ts';
import { painter, stateColours } from '../paint.ts';
import { print, printJson } from '../print.ts';
import { type Column, type Row, table } from '../table.ts';
import { bytes } from '../units.ts';

const columns: readonly Column[] = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'URL', elastic: true },
  { title: 'TARGETS', elastic: true },
  { title: 'CONNS', align: 'right', spare: 1 },
  { title: 'IN', align: 'right', spare: 2 },
  { title: 'OUT', align: 'right', spare: 2 },
];
const stateColumn = 1;

/** Prints a table, the IDs alone with `--quiet`, or the API's list with `--json`. */
export async function ls(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  await using daemon = await call.open();
  const list = await daemon.list();
  if (call.json) {
    await printJson(stdout, list);
    return 0;
  }
  if (call.flags['quiet'] === true) {
    await print(stdout, list.wormholes.map(({ id }) => `${printable(id)}\n`).join(''));
    return 0;
  }
  const paint = painter(stdout, env);
  const row = (one: Wormhole): Row => ({
    cells: [
      one.id,
      one.state,
      one.url,
      one.targets.join(' '),
      String(one.stats.connectionsOpen),
      bytes(one.stats.bytesIn),
      bytes(one.stats.bytesOut),
    ],
    paint: (cell, column) => (column === stateColumn ? paint(stateColours[one.state], cell) : cell),
    ...(one.state !== 'up' && { note: one.reason }),
  });
  await print(stdout, table(columns, list.wormholes.map(row), stdout));
  return 0;
}
