/**
 * The carrier worker's entry: {@link CarrierServer} at the end of a message port.
 *
 * TLS and what it costs happen here, on an event loop of its own, so that handshakes of strangers never delay the
 * control plane. Imports little on purpose; ends by itself when the port is closed and nothing is open any more.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import type { FromCarrier, ToCarrier } from './messages.ts';
import type { CarrierPeer } from './peer.ts';
import { CarrierServer, ListenError } from './server.ts';

if (parentPort === null) throw new Error('the carrier worker is a worker thread, not a program');
const port = parentPort;
const post = (message: FromCarrier): void => port.postMessage(message);

interface Waiting {
  readonly resolve: (stream: Duplex) => void;
  readonly reject: (error: NodeJS.ErrnoException) => void;
}

const waiting = new Map<number, Waiting>();
let lastId = 0;
let server: CarrierServer | undefined;

function openHttp(peer: CarrierPeer): Promise<Duplex> {
  lastId += 1;
  const id = lastId;
  post({ type: 'http', id, peer });
  return new Promise((resolve, reject) => void waiting.set(id, { resolve, reject }));
}

/** Takes the descriptor of a pair. */
function pairCame(id: number, fd: number): void {
  // An fd that nobody waits for is still ours: the socket object closes it.
  const stream = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
  stream.on('error', () => {});
  post({ type: 'taken', id });
  const wait = waiting.get(id);
  waiting.delete(id);
  if (wait === undefined) stream.destroy();
  else wait.resolve(stream);
}

async function start(message: Extract<ToCarrier, { type: 'start' }>): Promise<void> {
  server = new CarrierServer({ ...message, openHttp, onEvent: (event) => post({ type: 'event', event }) });
  try {
    post({ type: 'listening', addresses: await server.listen(message.addresses) });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    post({ type: 'refused', address: error.address, code: error.code });
    port.close();
  }
}

async function obey(message: ToCarrier): Promise<void> {
  switch (message.type) {
    case 'start':
      return start(message);
    case 'keys':
      return server?.replaceKeys(message.keys);
    case 'pair':
      return pairCame(message.id, message.fd);
    case 'no-pair':
      waiting.get(message.id)?.reject(Object.assign(new Error('no socket pair'), { code: message.code }));
      waiting.delete(message.id);
      return;
    case 'close':
      await server?.close(message.drainMs);
      port.close();
  }
}

// A rejection is a bug of ours: as an uncaught error it ends the thread, and the daemon hears of it.
port.on('message', (message: ToCarrier) => void obey(message));
