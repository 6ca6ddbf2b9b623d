/**
 * A relay on the way from one host to another that misbehaves on command, as middle boxes do: it keeps connections and
 * carries nothing any more, or it ends them all.
 */
import type { Socket } from 'node:net';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { type Endpoint, type ServerThere, serveIn, socketTo } from './netns-sockets.ts';

export class HalfOpenRelay implements AsyncDisposable {
  readonly #server: ServerThere;
  readonly #sockets: Set<Socket>;
  readonly #state: { losing: boolean };

  private constructor(server: ServerThere, sockets: Set<Socket>, state: { losing: boolean }) {
    this.#server = server;
    this.#sockets = sockets;
    this.#state = state;
  }

  /** Listens and dials in `namespace`. */
  static async start(namespace: NetNamespace, at: Endpoint, to: Endpoint): Promise<HalfOpenRelay> {
    const sockets = new Set<Socket>();
    const state = { losing: false };
    const server = await serveIn(namespace, at, (near) => {
      const far = socketTo(to, namespace);
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.on('data', (chunk: Buffer) => {
          if (state.losing || into.destroyed) return;
          if (!into.write(chunk)) from.pause();
        });
        from.on('drain', () => into.resume());
        from.on('end', () => state.losing || into.end());
        from.on('error', () => undefined);
        from.on('close', () => {
          sockets.delete(from);
          if (!state.losing) into.destroy();
        });
      }
    });
    return new HalfOpenRelay(server, sockets, state);
  }

  /** Connections that came so far. */
  get accepted(): number {
    return this.#server.accepted;
  }

  /** From now on nothing is carried, in either direction, nor that somebody has left; connections are taken and kept. */
  lose(): void {
    this.#state.losing = true;
  }

  /** Carries again; what was lost stays lost. */
  carry(): void {
    this.#state.losing = false;
  }

  /** Resets every connection, at both ends. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#server[Symbol.asyncDispose]();
  }
}
