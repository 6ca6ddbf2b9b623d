/** What the far daemon tells of the guests of this program, on a stream of each link: see docs/protocol.md, "Notices". */
import type { Link } from '../../carrier/link/link.ts';
import type { Notice } from '../../carrier/link/notice.ts';
import { NoticesIn } from '../../carrier/link/notices-in.ts';

/** How one is there. */
export type FarState = Pick<Notice, 'state' | 'reason'>;

const UP: FarState = { state: 'up', reason: '' };
const DELETED: FarState = { state: 'deleted', reason: 'people there have deleted it' };

export class FarNotices {
  readonly #onChange: (guest: string, now: FarState) => void;
  readonly #told = new Map<string, FarState>();
  #hearing: NoticesIn | undefined;

  /** @param onChange another state or reason than before; they begin as up */
  constructor(guests: readonly string[], onChange: (guest: string, now: FarState) => void) {
    this.#onChange = onChange;
    for (const guest of guests) this.#told.set(guest, UP);
  }

  /** As it was told last. */
  of(guest: string): FarState {
    return this.#told.get(guest) ?? UP;
  }

  /** Hears on that link, whose guests are there, and on no other any more. */
  on(link: Link): void {
    this.#hearing?.close();
    let missing = new Set<string>();
    const hearing = new NoticesIn(link, {
      onAsked: () => {
        missing = new Set(this.#told.keys());
      },
      onNotices: (notices) => {
        for (const { guest, state, reason } of notices) {
          missing.delete(guest);
          this.#hear(guest, state === 'deleted' ? DELETED : { state, reason });
        }
      },
      onAllTold: () => {
        for (const guest of missing) this.#hear(guest, DELETED);
        missing.clear();
      },
    });
    this.#hearing = hearing;
    // A daemon that tells nothing is one that everything is well with.
    void hearing.run();
  }

  close(): void {
    this.#hearing?.close();
  }

  #hear(guest: string, now: FarState): void {
    const before = this.#told.get(guest);
    if (before === undefined || (before.state === now.state && before.reason === now.reason)) return;
    this.#told.set(guest, now);
    this.#onChange(guest, now);
  }
}
