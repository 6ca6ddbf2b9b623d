/**
 * The holder: a small process of its own that keeps the UDP sockets of IPsec tunnels open and their NAT mappings alive, whatever becomes
 * of the daemon. It runs in the host's namespace, knows addresses and ports and no key, and ends when there is nothing to hold.
 *
 * Usage: node holder.js SOCKET; the daemon talks to it at that unix socket, which only its own user may connect to.
 */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import { EncapsulationSocket } from './encapsulation-socket.ts';
import { type HolderAnswer, type HolderRequest, isSameEndpoint, LINE_BYTES, readRequest } from './words.ts';

/** Milliseconds that a daemon has to say its line. */
const LINE_MS = 5_000;
/** Milliseconds after which it ends when nothing was ever opened; later it ends with the last socket. */
const IDLE_MS = 10_000;
const CONNECTIONS = 16;
/** More than there are tunnels on any host: each is a descriptor. */
const SOCKETS = 4_096;

const path = process.argv[2] ?? '';
const held: EncapsulationSocket[] = [];
let wasUsed = false;

function carryOut(request: HolderRequest): HolderAnswer {
  if ('open' in request) {
    const { open } = request;
    if (held.length >= SOCKETS) return { failed: 'EMFILE' };
    held.push(new EncapsulationSocket(open));
    wasUsed = true;
    return {};
  }
  if ('close' in request) {
    find(request.close)?.[Symbol.dispose]();
    const at = held.findIndex(({ local }) => isSameEndpoint(local, request.close));
    if (at >= 0) held.splice(at, 1);
    return {};
  }
  if ('steer' in request) {
    find(request.steer.local)?.steer(request.steer.remote);
    return {};
  }
  return { held: held.map(({ local }) => local) };
}

const find = (endpoint: IpEndpoint): EncapsulationSocket | undefined =>
  held.find(({ local }) => isSameEndpoint(local, endpoint));

function answer(line: string): HolderAnswer {
  try {
    return carryOut(readRequest(line));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { failed: typeof code === 'string' ? code : 'EINVAL' };
  }
}

function serve(socket: Socket): void {
  let line = '';
  socket.setEncoding('utf8');
  socket.setTimeout(LINE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    line += text;
    const end = line.indexOf('\n');
    if (end >= 0) socket.end(`${JSON.stringify(answer(line.slice(0, end)))}\n`);
    else if (line.length > LINE_BYTES) socket.destroy();
  });
  socket.on('close', () => wasUsed && endWhenIdle());
}

function endWhenIdle(): void {
  if (held.length > 0) return;
  // In one breath: whoever finds the path gone starts another holder, whose path this must not be.
  rmSync(path, { force: true });
  process.exit(0);
}

// Whoever ends a session or a terminal does not mean this process.
process.on('SIGHUP', () => undefined);
process.umask(0o077);
const server = createServer(serve);
server.maxConnections = CONNECTIONS;
server.on('error', () => process.exit(1));
server.listen(path);
setTimeout(endWhenIdle, IDLE_MS);
