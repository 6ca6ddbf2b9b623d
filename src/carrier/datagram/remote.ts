/**
 * Where a peer is, as a channel sees it: somebody who takes packets. What stands behind it is a socket (`socket.ts`).
 */

/** Who hears what became of a packet, after it was handed over. */
export interface PacketOwner {
  /** A packet of that many bytes does not leave this machine. */
  tooLarge(size: number): void;
  /** So many packets were dropped, for want of room or of a route. */
  dropped(count: number): void;
}

export interface Remote {
  /** For people: `192.0.2.7:9999`. */
  readonly address: string;
  /** Copies a packet; it leaves with the others of this turn. */
  send(packet: Buffer, owner: PacketOwner): void;
  /** The same place, answered from another address of ours. */
  from(local: string): Remote;
}

/** Where a packet came from; valid only while it is being received. */
export interface Source {
  is(remote: Remote): boolean;
  /** @param local the address of ours to answer from, where the machine has several */
  remote(local?: string): Remote;
}
