/**
 * Packets on their way out of one thread: gathered over a turn of the event loop, sent in runs that go the same way.
 *
 * What the kernel does not take is dropped, as any router would: datagrams have no back-pressure.
 */
import { Errno } from '../../sys/errno.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';
import type { NativeRemote } from './native-remote.ts';
import type { PacketOwner } from './remote.ts';

interface Waiting {
  readonly remote: NativeRemote;
  readonly owner: PacketOwner;
  readonly size: number;
}

export class SendQueue {
  readonly #batch: DatagramBatch;
  #waiting: Waiting[] = [];

  constructor(batch: DatagramBatch) {
    this.#batch = batch;
  }

  /** Copies the packet. */
  add(remote: NativeRemote, packet: Buffer, owner: PacketOwner): void {
    this.#batch.fill(this.#waiting.length, packet);
    this.#waiting.push({ remote, owner, size: packet.length });
    if (this.#waiting.length === this.#batch.capacity) this.flush();
  }

  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const lost: [at: number, tooLarge: boolean][] = [];
    for (let first = 0; first < waiting.length; ) {
      const { remote } = waiting[first] as Waiting;
      let end = first + 1;
      while (waiting[end]?.remote === remote) end += 1;
      this.#run(remote, first, end, lost);
      first = end;
    }
    // Told now and not before, because who is told may send again.
    for (const [at, tooLarge] of lost) {
      const { owner, size } = waiting[at] as Waiting;
      if (tooLarge) owner.tooLarge(size);
      else owner.dropped(1);
    }
  }

  #run(remote: NativeRemote, first: number, end: number, lost: [number, boolean][]): void {
    for (let at = first; at < end; ) {
      this.#batch.address(remote.name, remote.control);
      const { fd } = remote.socket;
      const result = fd < 0 ? -Errno.EAGAIN : this.#batch.send(fd, at, end - at);
      if (result > 0) at += result;
      else if (-result === Errno.EAGAIN || -result === Errno.ENOBUFS) {
        for (; at < end; at += 1) lost.push([at, false]);
      } else if (-result !== Errno.EMSGSIZE && -result !== Errno.EINTR && remote.control.length > 0) {
        // EINVAL or ENETUNREACH, as the kernel likes, when the address to send from is gone.
        remote.forgetLocal();
      } else if (-result !== Errno.EINTR) {
        // Too large, no route, or a firewall of this machine: this one is lost, the next may pass.
        lost.push([at, -result === Errno.EMSGSIZE]);
        at += 1;
      }
    }
  }
}
