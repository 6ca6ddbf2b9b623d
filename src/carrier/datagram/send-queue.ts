/**
 * Packets on their way out of one thread: gathered over a turn of the event loop, a dozen or so, sent in runs that go the same way.
 *
 * What the kernel does not take is dropped, as any router would: datagrams have no back-pressure.
 */
import { SegmentBatch } from '../../sys/segments.ts';
import type { NativeRemote } from './native-remote.ts';
import type { NativeSocket } from './native-sockets.ts';

/** Bytes and runs that may wait. */
const waitingBytes = 512 << 10;
const waitingRuns = 64;
/** Of those, as many as leave before the end of the turn: the far end works on them while the next are sealed. */
const ahead = 16 << 10;

export class SendQueue {
  readonly #batch = new SegmentBatch(waitingBytes, waitingRuns);
  /** What all that waits is sent by. */
  #socket: NativeSocket | undefined;

  /** Copies the packet. */
  add(remote: NativeRemote, packet: Buffer): void {
    if (remote.socket !== this.#socket) this.flush();
    this.#socket = remote.socket;
    if (!this.#batch.add(packet, remote)) {
      this.flush();
      this.#socket = remote.socket;
      this.#batch.add(packet, remote);
    }
    if (this.#batch.bytes >= ahead) this.flush();
  }

  flush(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) this.#batch.flushOrDrop(socket.fd);
  }
}
