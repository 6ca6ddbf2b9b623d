/**
 * Connections of peers that a guest here dials, and that a head of this very daemon may accept: by their addresses, the count
 * of hops goes on where a stream ends and another one begins.
 *
 * So a connection ends that would go round for ever, through wormholes each of which is well.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { endpointText } from '../../proxy/portable/listen-address.ts';
import { localOf } from '../../proxy/portable/socket.ts';

export class Passing {
  readonly #hops = new Map<string, number>();

  /** What came through `hops` peers goes on over `upstream`. @returns to be called when it is over */
  note(upstream: Duplex, hops: number): () => void {
    if (!(upstream instanceof Socket)) return () => {};
    const { host, port } = localOf(upstream);
    if (host === undefined || port === undefined) return () => {};
    const from = endpointText(host, port);
    this.#hops.set(from, hops);
    return () => void this.#hops.delete(from);
  }

  /** Peers that a client at `from` has come through before it was accepted here. */
  hopsOf(from: string): number {
    return this.#hops.get(from) ?? 0;
  }
}
