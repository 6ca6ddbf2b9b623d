/**
 * The kernel's list of UDP sockets of a namespace, /proc/net/udp and udp6, see proc(5).
 *
 *      sl  local_address rem_address   st tx_queue …
 *     12: 0100007F:0035 00000000:0000 07 …          127.0.0.1:53, open; 01 is a socket connected to one sender
 *     34: 00000000000000000000000001000000:0035 …   [::1]:53; words of 32 bits in the machine's byte order
 */
import { isIPv6 } from 'node:net';
import { encodeIp } from '../../../sys/sockaddr.ts';

/** What a server's socket shows while no sender is fixed (TCP_CLOSE). */
const OPEN = '07';

/**
 * True when a socket in the tables takes datagrams to `host` and `port`: one bound to the address, or to all.
 *
 * @param tables of the namespace, as read; a line that was cut off counts for nothing
 * @param host a literal
 */
export function isBound(tables: readonly string[], host: string, port: number): boolean {
  const suffix = port.toString(16).toUpperCase().padStart(4, '0');
  const wanted = new Set(namesOf(host).map((name) => `${name}:${suffix}`));
  return tables.some((table) => {
    // A namespace may have thousands: only lines that hold the port at all are taken apart.
    for (let at = table.indexOf(`:${suffix} `); at >= 0; at = table.indexOf(`:${suffix} `, at + 1)) {
      const [local = '', , state = ''] = table.slice(table.lastIndexOf(' ', at) + 1, at + 60).split(' ');
      if (state === OPEN && wanted.has(local)) return true;
    }
    return false;
  });
}

/** How the tables show the address and those that stand for it: any, and its mapped form. */
function namesOf(host: string): string[] {
  const any4 = '0'.repeat(8);
  const any6 = '0'.repeat(32);
  const bytes = encodeIp({ host: host.split('%')[0] ?? '', port: 0 });
  if (isIPv6(host)) return [wordsOf(bytes.subarray(8, 24)), any6];
  const four = wordsOf(bytes.subarray(4, 8));
  // A socket on [::] takes IPv4 as well unless it says otherwise, which the table does not tell.
  const mapped = wordsOf(Buffer.from([0, 0, 255, 255]));
  return [four, any4, any6, `${'0'.repeat(16)}${mapped}${four}`];
}

function wordsOf(bytes: Buffer): string {
  const words = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
  return words.map((word) => word.toString(16).toUpperCase().padStart(8, '0')).join('');
}
