/**
 * One stream on which the owner of guests hears what becomes of them: how each is, then each change.
 *
 * Of each guest the newest state waits while the owner does not read, and nothing older.
 */
import type { Duplex } from 'node:stream';
import { frame } from '../../carrier/link/frame.ts';
import { type Notice, noticeMessage, toldMessage } from '../../carrier/link/notice.ts';

/** Guests whose state may wait for a slow reader: ids are made and deleted without an end. */
const mostBehind = 4_096;

export class NoticesOut {
  readonly #stream: Duplex;
  readonly #waiting = new Map<string, Notice>();
  #full = false;
  #allTold = false;

  /** @param stream that was accepted; owned from now on @param onOver called once */
  constructor(stream: Duplex, onOver: () => void) {
    this.#stream = stream;
    stream.on('drain', () => {
      this.#full = false;
      this.#goOn();
    });
    // Nothing is to come but the end: who has something to say says it elsewhere.
    stream.on('data', () => stream.destroy());
    stream.once('end', () => stream.end());
    stream.once('close', onOver);
  }

  tell(notice: Notice): void {
    this.#waiting.delete(notice.guest);
    this.#waiting.set(notice.guest, notice);
    this.#goOn();
    if (this.#waiting.size > mostBehind) this.#stream.destroy();
  }

  /** Each guest that there is was told of. */
  allTold(): void {
    this.#allTold = true;
    this.#goOn();
  }

  /** There is no more to come. */
  end(): void {
    this.#waiting.clear();
    this.#stream.end();
  }

  #goOn(): void {
    for (const [guest, notice] of this.#waiting) {
      if (this.#full || this.#stream.writableEnded || this.#stream.destroyed) return;
      this.#waiting.delete(guest);
      this.#full = !this.#stream.write(frame(noticeMessage(notice)));
    }
    if (!this.#allTold || this.#full || this.#stream.writableEnded || this.#stream.destroyed) return;
    this.#allTold = false;
    this.#full = !this.#stream.write(frame(toldMessage));
  }
}
