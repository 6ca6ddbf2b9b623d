/** `peers`: the daemons on other hosts, one line each. */
import type { Peer } from '../../spec/api.ts';
import type { Invocation } from '../invocation.ts';
import { type Colour, painter } from '../paint.ts';
import { print, printJson } from '../print.ts';
import { type Column, type Row, table } from '../table.ts';
import { millis } from '../units.ts';

const columns: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATE' },
  { title: 'PATH' },
  { title: 'ADDRESS', elastic: true },
  { title: 'CARRIER' },
  { title: 'RTT', align: 'right' },
  { title: 'STREAMS', align: 'right', spare: 1 },
  { title: 'WORMHOLES', align: 'right', spare: 2 },
  { title: 'GUESTS', align: 'right', spare: 2 },
];
const stateColumn = 1;

const colours: Readonly<Record<Peer['state'], Colour>> = {
  up: 'green',
  lost: 'yellow',
  dialing: 'yellow',
  down: 'dim',
  invited: 'yellow',
};

/** `tls+udp`: datagrams go by UDP beside it, and not through it. */
function carrierOf({ carrier, datagrams }: Peer): string {
  return datagrams === 'udp' ? `${carrier}+udp` : carrier;
}

/** What is not as it was meant to be. */
function noteOf({ reason, carrierReason }: Peer): string {
  return reason === '' && carrierReason !== '' ? `no QUIC: ${carrierReason}` : reason;
}

/** Prints a table, or the API's list with `--json`. */
export async function peers(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  await using daemon = await call.open();
  const list = await daemon.peers();
  if (call.json) {
    await printJson(stdout, list);
    return 0;
  }
  const paint = painter(stdout, env);
  const row = (one: Peer): Row => ({
    cells: [
      one.name,
      one.state,
      one.path === '' ? one.source : one.path,
      one.address === '' ? one.addresses.join(' ') : one.address,
      carrierOf(one),
      one.rttMs === null ? '' : millis(one.rttMs),
      String(one.streams),
      String(one.wormholes),
      String(one.guests),
    ],
    paint: (cell, column) => (column === stateColumn ? paint(colours[one.state], cell) : cell),
    ...(noteOf(one) !== '' && { note: noteOf(one) }),
  });
  await print(stdout, table(columns, list.peers.map(row), stdout));
  return 0;
}
