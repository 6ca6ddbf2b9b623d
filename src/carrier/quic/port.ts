/**
 * A UDP socket as the QUIC loop uses it. Two kinds: `native-port.ts`, in batches through the kernel's segmentation, and
 * `portable-port.ts` on node:dgram.
 */
import type { Destination } from '../../sys/segments.ts';
import type { QuicAddress } from './engine.ts';
import type { PacketInfo } from './quiche.ts';

/** Where packets come from and go to. The same object for the same address as long as it is in use. */
export interface Remote extends Destination {
  readonly host: string;
  readonly port: number;
  /** As quiche wants it. */
  readonly info: PacketInfo;
}

export interface Port {
  /** What was really bound. */
  readonly local: QuicAddress;
  /** Where a connected socket leads; undefined on a listener's. */
  readonly remote: Remote | undefined;
  /** Takes what has arrived, at most some hundred packets; the bytes are the taker's until it returns. @returns how many */
  receive(take: (packet: Buffer, remote: Remote) => void): number;
  /** Nobody listens there, an ICMP message said since the last call. */
  refused(): boolean;
  /** Room for the next packet; undefined before a flush. */
  space(size: number): Buffer | undefined;
  /** What was written into the last space goes to `remote`. */
  commit(length: number, remote: Remote): void;
  /** @returns false when the socket is full, and what is left waits for another flush */
  flush(): boolean;
  /** `whenReadable` calls as soon as there is something: nothing is gained by looking again before. */
  readonly prompt: boolean;
  /** Calls back when all that came at once has been heard. */
  soon(run: () => void): void;
  /** Calls `done` once, when something has arrived or after a while; one at a time. */
  whenReadable(done: () => void): void;
  close(): void;
}
