/**
 * The probe `http:PORT/PATH`: GET over a socket of the target's namespace until the answer is 2xx or 3xx.
 *
 * The server belongs to the container and may send anything at any speed: an attempt reads one head of limited length in
 * limited time into memory that was there before, and everything else is "not yet".
 */
import { Socket } from 'node:net';
import { Deadline, within } from '../../../lib/deadline.ts';
import { backOff, pause } from '../../../lib/pause.ts';
import type { OwnedFd } from '../../../sys/fd.ts';
import { formatIp } from '../../../sys/sockaddr.ts';
import type { Addresses } from './addresses.ts';
import { HEAD_MAX, readStatus } from './http-head.ts';
import { paceAfter, tryOnce } from './stream.ts';
import type { ProbeTarget } from './target.ts';

/** Milliseconds for one attempt, from connecting to the end of the head. */
const ATTEMPT_MS = 2000;
/** Milliseconds between attempts that were answered, first and last: each is work for the service. */
const ANSWERED_MS = [20, 250] as const;

export async function untilHttp(
  probe: { readonly port: number; readonly path: string },
  target: ProbeTarget,
  addresses: Addresses,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = target.place;
  const began = performance.now();
  const delays = backOff(...ANSWERED_MS);
  for (;;) {
    let delay = paceAfter(performance.now() - began);
    for (const host of await addresses.now(probe.port, note, signal)) {
      const destination = { kind: 'ip', namespace, host, port: probe.port } as const;
      using deadline = new Deadline(ATTEMPT_MS, signal);
      const socket = await tryOnce(destination, note, deadline.signal).catch(unlessAborted(signal, deadline));
      if (socket === undefined) continue;
      const status = await request(socket, probe.path, deadline.signal).catch(unlessAborted(signal, deadline));
      if (status !== undefined && status >= 200 && status < 400) return;
      const answer = status === undefined ? 'no HTTP response' : `status ${status}`;
      note(`http://${formatIp(destination)}${probe.path}: ${answer}`);
      delay = delays.next().value;
    }
    await pause(delay, signal);
  }
}

/** What an attempt comes to whose time is over: nothing. */
function unlessAborted(signal: AbortSignal, deadline: Deadline): (error: unknown) => undefined {
  return (error) => {
    if (signal.aborted || !deadline.signal.aborted) throw error;
    return undefined;
  };
}

/** @param connected taken over @returns the status of the response, undefined when there is none */
async function request(connected: OwnedFd, path: string, signal: AbortSignal): Promise<number | undefined> {
  const socket = adopt(connected);
  try {
    const status = new Promise<number | undefined>((resolve) => {
      const received = Buffer.allocUnsafe(HEAD_MAX);
      let length = 0;
      socket.on('error', () => resolve(undefined));
      socket.on('close', () => resolve(undefined));
      socket.on('data', (chunk: Buffer) => {
        const before = length;
        length += chunk.copy(received, length);
        // However small the pieces are, it is read again only when a blank line has come.
        const fresh = received.subarray(Math.max(before - 3, 0), length);
        if (before > 16 && length < HEAD_MAX && !/\n\r?\n/.test(fresh.toString('latin1'))) return;
        const read = readStatus(received.subarray(0, length));
        if (read !== 'more') resolve(read);
      });
    });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: wormhole\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    );
    return await within(signal, status);
  } finally {
    socket.destroy();
  }
}

/** Gives the descriptor to Node's socket, or closes it when Node does not take it. */
function adopt(connected: OwnedFd): Socket {
  try {
    const socket = new Socket({ fd: connected.fd, readable: true, writable: true });
    connected.release();
    return socket;
  } catch (error) {
    connected[Symbol.dispose]();
    throw error;
  }
}
