/**
 * The loop around one UDP socket: packets in, timers, what the streams' users want, packets out.
 *
 *   turn:  receive ─► expire ─► settle (streams' users are called) ─► fill packets ─► flush
 *
 * A turn is one synchronous step of the event loop. While there is work, one turn follows the other with the event loop's
 * other work between them: quiche hands out objects that only the event loop can free, 200 bytes per packet. Without
 * work the socket is watched by poll(2) on another thread. Work per turn and connection is bounded, so that one that
 * sends in bulk holds up none of the others.
 */
import type { Port, Remote } from './port.ts';

/** A connection, as the loop sees it. */
export interface Member {
  /** Milliseconds of `performance.now()` at which it wants {@link expire}; Infinity = never. */
  readonly deadline: number;
  /** Where its packets go. */
  readonly remote: Remote;
  readonly packetBytes: number;
  expire(now: number): void;
  /** Nobody listens there, the network says; only on a connected socket. */
  suspect(now: number): void;
  /** Tells users what is new. Packets are taken afterwards. */
  settle(now: number): void;
  /** Puts the next packet into `space`. @returns its length; 0 = there is none */
  fill(space: Buffer): number;
}

/** Packets of one connection per turn: two runs of the kernel's segmentation. */
const BURST = 96;
/** How long to look for more before the socket is left to another thread, which is slower to answer. */
const SPIN_MS = 0.05;
/** Timers of the event loop are not finer than a millisecond. */
const EARLY_MS = 0.5;
const LONGEST_MS = 60_000;
/** When the socket was full. */
const RETRY_MS = 1;

export class Loop {
  readonly port: Port;
  readonly #onPacket: (packet: Buffer, remote: Remote) => void;
  readonly #members = new Set<Member>();
  #dirty = new Set<Member>();
  #scheduled = false;
  #watching = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #workedAt = 0;
  #failed: { readonly error: unknown } | undefined;

  constructor(port: Port, onPacket: (packet: Buffer, remote: Remote) => void) {
    this.port = port;
    this.#onPacket = (packet, remote) => this.#guard(() => onPacket(packet, remote));
    this.#schedule();
  }

  add(member: Member): void {
    this.#members.add(member);
    this.touch(member);
  }

  remove(member: Member): void {
    this.#members.delete(member);
    this.#dirty.delete(member);
  }

  /** Something is to be done for `member`. */
  touch(member: Member): void {
    this.#dirty.add(member);
    this.#schedule();
  }

  /** Sends a packet that belongs to no connection. Lost when the socket is full. */
  reply(remote: Remote, packet: Buffer): void {
    const space = this.port.space(packet.length);
    if (space === undefined) return;
    packet.copy(space);
    this.port.commit(packet.length, remote);
    this.#schedule();
  }

  /** Does what is to be done, then closes the socket. */
  close(): void {
    if (this.#closed) return;
    this.#guard(() => this.#send());
    this.#closed = true;
    clearTimeout(this.#timer);
    this.port.close();
    this.#fail();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    clearTimeout(this.#timer);
    this.port.soon(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#closed) return;
    let now = performance.now();
    let received = 0;
    this.#guard(() => (received = this.port.receive(this.#onPacket)));
    if (this.port.refused()) for (const member of this.#members) this.#guard(() => member.suspect(now));
    for (const member of this.#members) {
      if (member.deadline > now + EARLY_MS) continue;
      this.#guard(() => member.expire(now));
      this.#dirty.add(member);
    }
    const dirty = [...this.#dirty];
    for (const member of dirty) if (this.#members.has(member)) this.#guard(() => member.settle(now));
    // A member that ends may have ended the loop.
    if (this.#closed) return this.#fail();
    let flushed = false;
    this.#guard(() => (flushed = this.#send()));
    now = performance.now();
    if (received > 0 || dirty.length > 0) this.#workedAt = now;
    if (!flushed) this.#sleep(RETRY_MS);
    else if (this.#dirty.size > 0 || (!this.port.prompt && now - this.#workedAt < SPIN_MS)) this.#schedule();
    else this.#sleep(this.#nextDeadline() - now);
    this.#fail();
  };

  /** One that throws neither holds up the others nor stops the loop: the first error of a turn is thrown when it is done. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed ??= { error };
    }
  }

  #fail(): void {
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed !== undefined) throw failed.error;
  }

  /** @returns false when the socket is full */
  #send(): boolean {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    let room = true;
    for (const member of dirty) {
      if (room) this.#guard(() => (room = this.#sendFor(member)));
      if (!room) this.#dirty.add(member);
    }
    return this.port.flush() && room;
  }

  #sendFor(member: Member): boolean {
    for (let count = 0; count < BURST; count += 1) {
      const space = this.port.space(member.packetBytes) ?? this.#freshSpace(member);
      if (space === undefined) return false;
      const length = member.fill(space);
      if (length === 0) return true;
      this.port.commit(length, member.remote);
    }
    this.#dirty.add(member);
    return true;
  }

  #freshSpace(member: Member): Buffer | undefined {
    return this.port.flush() ? this.port.space(member.packetBytes) : undefined;
  }

  #nextDeadline(): number {
    let next = Infinity;
    for (const { deadline } of this.#members) if (deadline < next) next = deadline;
    return next;
  }

  #sleep(ms: number): void {
    if (this.#scheduled) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#schedule(), Math.min(Math.max(ms, 0), LONGEST_MS));
    if (this.#watching) return;
    this.#watching = true;
    this.port.whenReadable(() => {
      this.#watching = false;
      this.#schedule();
    });
  }
}
