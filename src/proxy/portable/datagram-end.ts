/**
 * One end of a flow of datagrams: one UDP client of a peer, or what speaks to a target on its behalf.
 */

/** Who hears what became of the datagrams of one direction. */
export interface SendReport {
  /** So many left, of so many bytes in all. */
  sent(datagrams: number, bytes: number): void;
  dropped(datagrams: number): void;
}

/** Datagrams stay whole, and may be lost. */
export interface DatagramEnd {
  /** Copies it. @returns false when it was dropped, because too much waits or the other end is gone */
  send(data: Buffer): boolean;
  /** Hears what the other end sends; a buffer may be volatile (`lib/volatile.ts`). Called once, before anything else. */
  onDatagram(listener: (data: Buffer) => void): void;
  /** Told once when the other end is gone. */
  onClose(listener: () => void): void;
  /** Ends it; again is a no-op. */
  close(): void;
}

/** Sends to `end`, and tells at once. */
export function sendThrough(end: DatagramEnd, data: Buffer, report: SendReport): void {
  if (end.send(data)) report.sent(1, data.length);
  else report.dropped(1);
}
