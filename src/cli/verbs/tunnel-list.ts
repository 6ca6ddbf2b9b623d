/** `tunnel-list`: the tunnels to other hosts, one line each. */
import type { Tunnel } from '../../spec/api.ts';
import type { Invocation } from '../invocation.ts';
import { type Colour, painter } from '../paint.ts';
import { print, printJson } from '../print.ts';
import { type Column, type Row, table } from '../table.ts';
import { age, bytes } from '../units.ts';

const columns: readonly Column[] = [
  { title: 'PEER' },
  { title: 'STATE' },
  { title: 'TYPE' },
  { title: 'LOCAL', elastic: true },
  { title: 'REMOTE', elastic: true },
  { title: 'VIA', elastic: true },
  { title: 'AGE', align: 'right', spare: 1 },
  { title: 'KEYS', align: 'right' },
  { title: 'IN', align: 'right', spare: 2 },
  { title: 'OUT', align: 'right', spare: 2 },
  { title: 'DROPPED', align: 'right', spare: 3 },
];
const stateColumn = 1;

const colours: Readonly<Record<Tunnel['state'], Colour>> = { complete: 'green', partial: 'red', stale: 'yellow' };

/** Prints a table, or the API's list with `--json`. */
export async function tunnelList(call: Invocation): Promise<number> {
  const { stdout, env } = call.surroundings;
  await using daemon = await call.open();
  const list = await daemon.tunnels();
  if (call.json) {
    await printJson(stdout, list);
    return 0;
  }
  const paint = painter(stdout, env);
  const row = (one: Tunnel): Row => ({
    cells: [
      one.peer,
      one.state,
      typeOf(one),
      placed(one.local, one.attach),
      placed(one.remote, one.peerAttach),
      one.outerRemote,
      since(one.createdAt),
      one.freshAt === null ? 'none' : since(one.freshAt),
      bytes(one.bytesIn),
      bytes(one.bytesOut),
      one.dropped === null ? '-' : `${one.dropped}`,
    ],
    paint: (cell, column) => (column === stateColumn ? paint(colours[one.state], cell) : cell),
    ...(one.reason !== '' && { note: one.reason }),
  });
  await print(stdout, table(columns, list.tunnels.map(row), stdout));
  return 0;
}

function typeOf({ type, engine, udp }: Tunnel): string {
  if (type === 'wireguard') return engine === 'kernel' ? 'wireguard' : engine;
  return udp ? 'ipsec in udp' : 'ipsec';
}

function since(time: string): string {
  return age(Date.now() - Date.parse(time));
}

/** With the container that the end is in. */
function placed(address: string, container: string): string {
  return container === '' ? address : `${address} in ${container}`;
}
