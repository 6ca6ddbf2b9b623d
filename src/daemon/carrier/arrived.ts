/**
 * A stream that a peer opened, as a client of a route.
 *
 * A class and no literal: one with a getter in it has a hidden class of its own each time, which lies in the old generation, and keeps
 * from the collector of the young all that the connection consists of.
 */
import type { Duplex } from 'node:stream';
import type { Incoming } from '../../carrier/link/incoming.ts';
import type { ByteStream } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Passing } from '../../proxy/passing.ts';
import type { Client, JoinEnd } from '../../proxy/portable/client.ts';

export class Arrived implements Client {
  readonly from: string;
  readonly #incoming: Incoming;
  readonly #passing: Passing;
  readonly #hops: number;
  /** From where it goes on; '' when nobody has to know. */
  #local = '';

  /** @param from where it came from @param hops peers that it has come through */
  constructor(incoming: Incoming, from: string, hops: number, passing: Passing) {
    this.#incoming = incoming;
    this.from = from;
    this.#hops = hops;
    this.#passing = passing;
  }

  get stream(): Duplex {
    const { duplex } = this.#incoming;
    // Without it an end that came already would not be seen.
    if (duplex.readableFlowing === null && duplex.readableLength === 0) duplex.read(0);
    return duplex;
  }

  bytes(local: string): { readonly stream: ByteStream; readonly early: Buffer } {
    this.#goesOn(local);
    return this.#incoming.acceptBytes();
  }

  dialed(local = ''): void {
    this.#goesOn(local);
    this.#incoming.accept();
  }

  over(): void {
    this.#passing.forget(this.#local);
  }

  failed({ reason, detail }: JoinEnd): void {
    this.#incoming.refuse(new WormholeError('WH_ERR_DIAL', detail === '' ? reason : detail));
  }

  #goesOn(local: string): void {
    this.#local = local;
    this.#passing.note(local, this.#hops);
  }
}
