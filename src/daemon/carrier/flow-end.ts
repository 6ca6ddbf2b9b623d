/**
 * A flow of a link as the data plane knows it: one end of the datagrams of one client.
 */
import type { DatagramFlow } from '../../carrier/datagram/flows.ts';
import type { StreamDatagramsUser } from '../../carrier/datagram/stream-datagrams.ts';
import { kept } from '../../lib/volatile.ts';
import type { DatagramEnd } from '../../proxy/portable/datagram-end.ts';

/** Datagrams that are kept until somebody listens. */
const early = 64;

export class FlowEnd implements DatagramEnd {
  /** Whom the flow tells. */
  readonly user: StreamDatagramsUser = {
    onDatagram: (payload) => {
      if (this.#listener !== undefined) this.#listener(payload);
      else if (this.#early.length < early) this.#early.push(kept(payload));
    },
    onOver: () => {
      this.#over = true;
      this.#onClose?.();
    },
  };
  #flow: DatagramFlow | undefined;
  #listener: ((data: Buffer) => void) | undefined;
  #onClose: (() => void) | undefined;
  #early: Buffer[] = [];
  #over = false;

  /** @param flow that tells {@link user}; owned from now on */
  serve(flow: DatagramFlow): this {
    this.#flow = flow;
    return this;
  }

  send(data: Buffer): boolean {
    return this.#flow?.send(data) ?? false;
  }

  onDatagram(listener: (data: Buffer) => void): void {
    this.#listener = listener;
    for (const data of this.#early.splice(0)) listener(data);
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#over) listener();
  }

  close(): void {
    this.#over = true;
    this.#onClose = undefined;
    this.#flow?.end();
  }
}
