/**
 * One DNS question to one server, from a socket made in the namespace of the place.
 *
 * Each question has a socket, and so a random source port, of its own; the socket is connected, so that the kernel
 * drops datagrams of other senders and tells of an unreachable port at once.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { Deadline } from '../../lib/deadline.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { tcpSocketIn, udpSocketIn } from '../../sys/sockets.ts';
import { encodeQuery, type Query, type Reply, readReply } from './packet.ts';

/** From where, and how patiently. */
export interface Asking {
  /** Absent = the daemon's own. Borrowed. */
  readonly namespace: NetNamespace | undefined;
  readonly timeoutMs: number;
  /** Over TCP at once. */
  readonly tcp: boolean;
  /** Default 53. */
  readonly port?: number;
}

const dnsPort = 53;

/** @returns a reply of kind `failed` when the server gives none; rejects only when `signal` aborts */
export async function ask(server: string, query: Query, asking: Asking, signal: AbortSignal): Promise<Reply> {
  using deadline = new Deadline(asking.timeoutMs, signal);
  try {
    if (!asking.tcp) {
      const reply = await overUdp(server, query, asking, deadline.signal);
      if (reply.kind !== 'truncated') return reply;
    }
    return await overTcp(server, query, asking, deadline.signal);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

function overUdp(server: string, query: Query, asking: Asking, signal: AbortSignal): Promise<Reply> {
  const fd = udpSocketIn(asking.namespace, server);
  const socket = dgram.createSocket(net.isIPv6(server) ? 'udp6' : 'udp4');
  adopt(fd, () => socket.bind({ fd: fd.fd }));
  return settle<Reply>(
    signal,
    (resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (bytes) => {
        const reply = readReply(bytes, query);
        if (reply !== undefined) resolve(reply);
      });
      // Node calls back with the error, e.g. ENETUNREACH, although its types know of none.
      const connected = (error?: Error): void =>
        error instanceof Error ? reject(error) : socket.send(encodeQuery(query));
      socket.connect(asking.port ?? dnsPort, server, connected);
    },
    () => socket.close(),
  );
}

function overTcp(server: string, query: Query, asking: Asking, signal: AbortSignal): Promise<Reply> {
  const fd = tcpSocketIn(asking.namespace, server);
  const socket = adopt(fd, () => new net.Socket({ fd: fd.fd }));
  return settle<Reply>(
    signal,
    (resolve, reject) => {
      let received = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('connection closed without an answer')));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        // RFC 1035 §4.2.2: each message has its length before it.
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        const reply = readReply(received.subarray(2, 2 + received.readUInt16BE(0)), query);
        if (reply === undefined || reply.kind === 'truncated') reject(new Error('malformed answer over TCP'));
        else resolve(reply);
      });
      socket.connect({ host: server, port: asking.port ?? dnsPort }, () => {
        const message = encodeQuery(query);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(Buffer.concat([length, message]));
      });
    },
    () => socket.destroy(),
  );
}

/** Gives the descriptor to Node's socket, or closes it when Node does not take it. */
function adopt<T>(fd: OwnedFd, take: () => T): T {
  try {
    const taken = take();
    fd.release();
    return taken;
  } catch (error) {
    fd[Symbol.dispose]();
    throw error;
  }
}

/** A promise that `signal` ends too; `close` runs once it is settled. */
async function settle<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
  close: () => void,
): Promise<T> {
  let onAbort: () => void = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      start(resolve, reject);
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    close();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
