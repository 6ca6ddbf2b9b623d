/**
 * The probe of datagram targets: ready when a socket is bound to the port, as the kernel's own list says.
 *
 * A datagram would be an answer to nobody, or lost, or refused by a port that is about to open. An address that is not of
 * the target's namespace cannot be looked into; there nothing is waited for.
 */
import { closeSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { within } from '../../../lib/deadline.ts';
import { backOff, pause } from '../../../lib/pause.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../../sys/constants.ts';
import { SyscallError } from '../../../sys/errno.ts';
import { OwnedFd } from '../../../sys/fd.ts';
import type { NetNamespace } from '../../../sys/netns.ts';
import { formatIp } from '../../../sys/sockaddr.ts';
import { bindIp, socketIn } from '../../../sys/sockets.ts';
import type { Addresses } from './addresses.ts';
import type { ProbeTarget } from './target.ts';
import { isBound } from './udp-table.ts';

/** Milliseconds between two looks, first and last; so often at the first before it is doubled. */
const LOOKS_MS = [10, 100] as const;
const EAGER_LOOKS = 100;
/** Bytes of one table, some 8,000 sockets: what a container fills beyond that is not read. */
const TABLE_MAX = 1024 * 1024;
const TABLES = ['/proc/thread-self/net/udp', '/proc/thread-self/net/udp6'] as const;

export async function untilBound(
  target: ProbeTarget,
  addresses: Addresses,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { port, place } = target;
  const delays = backOff(...LOOKS_MS);
  for (let looks = 0; ; looks++) {
    const hosts = await addresses.now(port, note, signal);
    if (hosts.some((host) => !isLocal(place.namespace, host))) return;
    const tables = hosts.length === 0 ? [] : await tablesOf(place.namespace, signal);
    if (hosts.some((host) => isBound(tables, host, port))) return;
    if (hosts.length > 0)
      note(`no socket is bound to ${hosts.map((host) => `udp ${formatIp({ host, port })}`).join(' or ')}`);
    await pause(looks < EAGER_LOOKS ? LOOKS_MS[0] : delays.next().value, signal);
  }
}

/** Whether the namespace has the address: whoever has it may bind to it. */
function isLocal(namespace: NetNamespace | undefined, host: string): boolean {
  try {
    using socket = socketIn(namespace, host.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
    bindIp(socket.fd, { host, port: 0 });
  } catch (error) {
    if (error instanceof SyscallError && error.syscall === 'setns') throw error;
    return !(error instanceof SyscallError && error.code === 'EADDRNOTAVAIL');
  }
  return true;
}

/** The tables as they are now; a table that cannot be read, e.g. without IPv6, is ''. */
async function tablesOf(namespace: NetNamespace | undefined, signal: AbortSignal): Promise<string[]> {
  // The file shows the namespace that the thread was in when it opened it; the kernel fills it when it is read.
  const open = (): OwnedFd[] => TABLES.flatMap((path) => openTable(path) ?? []);
  const files = namespace === undefined ? open() : namespace.enter(open);
  return await within(signal, Promise.all(files.map(readTable)));
}

function openTable(path: string): OwnedFd | undefined {
  try {
    return new OwnedFd(openSync(path, 'r'));
  } catch {
    return undefined;
  }
}

const readAsync = promisify(read);

/** Reads to the end or to the limit, in the thread pool, and closes the file. */
async function readTable(file: OwnedFd): Promise<string> {
  const { fd } = file;
  const bytes = Buffer.allocUnsafe(64 * 1024);
  let text = '';
  try {
    while (text.length < TABLE_MAX) {
      const { bytesRead } = await readAsync(fd, bytes, 0, bytes.length, null);
      if (bytesRead === 0) break;
      text += bytes.toString('latin1', 0, bytesRead);
    }
  } catch {
    return '';
  } finally {
    closeSync(file.release());
  }
  return text;
}
