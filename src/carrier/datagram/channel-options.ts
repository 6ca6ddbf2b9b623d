/**
 * What a datagram channel is made of, and what it is told of the carrier's connections.
 */
import type { Clock } from '../byte-pipe.ts';
import type { Held } from '../memory.ts';
import type { Role } from '../resume/proof.ts';
import type { DatagramChannel } from './channel.ts';
import type { DatagramLimits } from './limits.ts';
import type { ChannelState } from './prober.ts';
import type { Remote } from './remote.ts';
import type { Aead } from './seal.ts';

/** What a TLS connection of the carrier tells about the path. */
export interface ChannelPath {
  /** Where the peer's datagrams may be sent to, if this end dialed; else it is learned from the peer's first packet. */
  readonly remote?: Remote;
  /** The address of ours that the peer dialed. */
  readonly local?: string;
}

export interface ChannelOptions extends ChannelPath {
  /** Of the session under resumption: who dialed its first connection. */
  readonly role: Role;
  /** 32 bytes or more of a connection's exporter (`datagramSecretOf`), of the first one there is for it; not kept. */
  readonly secret: Buffer;
  /** Of the session; absent = by that secret. */
  readonly id?: Buffer;
  /** Of that connection. */
  readonly epoch: number;
  /** The payload may be volatile (`lib/volatile.ts`): good until this returns. */
  readonly onDatagram: (flow: number, payload: Buffer) => void;
  readonly onStateChange?: (state: ChannelState) => void;
  /** What was packed should be flushed at the end of this turn. */
  readonly onFlushDue: (channel: DatagramChannel) => void;
  /** Absent: that of node:crypto. */
  readonly aead?: Aead | undefined;
  readonly limits?: Partial<DatagramLimits>;
  /** Where it is told what is not whole yet; absent = nowhere. */
  readonly memory?: Held;
  readonly clock?: Clock;
}
