/**
 * One end of a flow of datagrams: one UDP client of a peer, or what speaks to a target on its behalf.
 */

/** Datagrams stay whole, and may be lost. */
export interface DatagramEnd {
  /** @returns false when it was dropped, because too much waits or the other end is gone */
  send(data: Buffer): boolean;
  /** Hears what the other end sends; the buffer is the listener's. Called once, before anything else. */
  onDatagram(listener: (data: Buffer) => void): void;
  /** Told once when the other end is gone. */
  onClose(listener: () => void): void;
  /** Ends it; again is a no-op. */
  close(): void;
}
