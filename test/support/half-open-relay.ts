/**
 * A relay on the way from one host to another that misbehaves on command, as middle boxes do: it keeps connections and
 * carries nothing any more, or it ends them all.
 */
import type { Socket } from 'node:net';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { type Endpoint, type ServerThere, serveIn, socketTo } from './netns-sockets.ts';

/** A connection through the relay: its two sockets. */
interface Carried {
  readonly near: Socket;
  readonly far: Socket;
  /** From now on nothing gets through, in either direction, nor that somebody has left. */
  lost: boolean;
}

export class HalfOpenRelay implements AsyncDisposable {
  readonly #server: ServerThere;
  readonly #carried: Set<Carried>;
  /** What the dialing end of each connection has sent, in the order of connections; for who wants to say it again. */
  readonly said: Buffer[][];
  /** What it was answered, likewise. */
  readonly answered: Buffer[][];

  private constructor(server: ServerThere, carried: Set<Carried>, said: Buffer[][], answered: Buffer[][]) {
    this.#server = server;
    this.#carried = carried;
    this.said = said;
    this.answered = answered;
  }

  /** Listens and dials in `namespace`. @param keep the first bytes of each connection that are kept, each way */
  static async start(namespace: NetNamespace, at: Endpoint, to: Endpoint, keep: number = 0): Promise<HalfOpenRelay> {
    const all = new Set<Carried>();
    const said: Buffer[][] = [];
    const answered: Buffer[][] = [];
    const server = await serveIn(namespace, at, (near) => {
      const one: Carried = { near, far: socketTo(to, namespace), lost: false };
      all.add(one);
      said.push(listen(near, keep));
      answered.push(listen(one.far, keep));
      carry(one, one.near, one.far);
      carry(one, one.far, one.near);
      near.once('close', () => one.far.destroyed && all.delete(one));
      one.far.once('close', () => near.destroyed && all.delete(one));
    });
    return new HalfOpenRelay(server, all, said, answered);
  }

  /** Connections that came so far. */
  get accepted(): number {
    return this.#server.accepted;
  }

  /** The connections of now stay and carry nothing any more; those that come are well. */
  lose(): void {
    for (const one of this.#carried) one.lost = true;
  }

  /** Those that were lost carry again what comes from now on. */
  carry(): void {
    for (const one of this.#carried) one.lost = false;
  }

  /** Resets every connection, at both ends. */
  cut(): void {
    for (const { near, far } of this.#carried) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { near, far } of this.#carried) {
      near.destroy();
      far.destroy();
    }
    await this.#server[Symbol.asyncDispose]();
  }
}

/** @returns the first bytes that come on a socket, as they come */
function listen(to: Socket, keep: number): Buffer[] {
  const heard: Buffer[] = [];
  let room = keep;
  to.on('data', (chunk: Buffer) => {
    if (room > 0) heard.push(chunk.subarray(0, room));
    room -= Math.min(room, chunk.length);
  });
  return heard;
}

function carry(one: Carried, from: Socket, into: Socket): void {
  from.on('data', (chunk: Buffer) => {
    if (!one.lost && !into.destroyed && !into.write(chunk)) from.pause();
  });
  into.on('drain', () => from.resume());
  from.on('end', () => one.lost || into.end());
  from.on('error', () => undefined);
  from.on('close', () => one.lost || into.destroy());
}
