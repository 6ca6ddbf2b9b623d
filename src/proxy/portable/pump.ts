/**
 * What is done by hand where the thread's own event loop can be had (Linux): listening, the short way, datagrams, and joining
 * sockets with streams of links. Loaded only when wanted, because native calls are; the portable rest asks for all of it here.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { StandsOnByteStream } from '../../lib/byte-stream.ts';
import { socketFd } from '../../lib/socket-fd.ts';
import { dupFd } from '../../sys/dup.ts';
import { EventLoop } from '../../sys/event-loop.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { JoinEnd } from './client.ts';
import type { ConnectionDeps } from './connection.ts';
import { DatagramMemory } from './datagram-memory.ts';
import { FastLane } from './fast-lane.ts';
import { FdDatagrams, type FdDatagramsUser } from './fd-datagrams.ts';
import { FdListener } from './fd-listener.ts';
import type { JoinOptions } from './join.ts';
import { Pumping } from './pumping.ts';

/** Of one thread. */
export class Pump {
  readonly loop: EventLoop;
  /** Made when it is first wanted. */
  #memory: DatagramMemory | undefined;

  /** @returns undefined where the thread's event loop cannot be had */
  static make(): Pump | undefined {
    const loop = EventLoop.here();
    return loop === undefined ? undefined : new Pump(loop);
  }

  private constructor(loop: EventLoop) {
    this.loop = loop;
  }

  /** As `new FdListener`. */
  listen(socket: OwnedFd, onClient: (client: OwnedFd, from: string) => void): FdListener {
    return new FdListener(this.loop, socket, onClient);
  }

  /** As `new FdDatagrams`. */
  datagrams(socket: OwnedFd, user: FdDatagramsUser): FdDatagrams {
    this.#memory ??= new DatagramMemory(this.loop);
    return new FdDatagrams(this.#memory, socket, user);
  }

  /** The short way of one route's connections. */
  lane(deps: ConnectionDeps): FastLane {
    return new FastLane(deps);
  }

  /** @returns undefined when these two are not for it; both are then as they were, else they are taken */
  join(client: Duplex, target: Duplex, { signal, ...options }: JoinOptions): Promise<JoinEnd> | undefined {
    const clientIsSocket = isOpenSocket(client);
    const [socket, other] = clientIsSocket ? [client, target] : [target, client];
    if (!isOpenSocket(socket) || !('release' in other)) return undefined;
    // First what may fail.
    const fd = dupFd(socketFd(socket));
    const released = (other as unknown as StandsOnByteStream).release();
    if (released === undefined) {
      fd[Symbol.dispose]();
      return undefined;
    }
    const early: Buffer[] = [];
    for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) early.push(bytes as Buffer);
    socket.destroy();
    return new Promise((resolve) => {
      const onOver = (end: JoinEnd): void => {
        signal.removeEventListener('abort', abort);
        resolve(end);
      };
      const pumping = new Pumping(this.loop, fd, { ...options, clientIsSocket, onOver });
      const abort = (): void => pumping.abort();
      signal.addEventListener('abort', abort, { once: true });
      pumping.begin(released.stream, early, released.early);
      if (signal.aborted) abort();
    });
  }
}

function isOpenSocket(stream: Duplex): stream is Socket {
  return stream instanceof Socket && !stream.destroyed && stream.writableLength === 0 && socketFd(stream) >= 0;
}
