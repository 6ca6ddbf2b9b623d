/**
 * What becomes of guests, told between daemons without being asked: heard here of those that run at the far end of a link,
 * and told there of those that run here.
 *
 * A link has a stream for it as long as somebody follows one of its guests; the streams are the carrier's.
 */
import type { Notice } from '../../carrier/link/notice.ts';
import type { FromStreams, ToStreams } from '../carrier/streams.ts';
import type { Logger } from '../log.ts';
import type { Whose } from './owner.ts';

export type OnNotice = (notice: Notice) => void;

/** Tells how each guest of that owner is, then each change, until disposed. */
export type WatchGuests = (whose: Whose, tell: OnNotice) => Disposable;

export interface NoticesOptions {
  readonly post: (message: ToStreams) => void;
  readonly watch: WatchGuests;
  readonly log: Logger;
}

interface Followed {
  readonly onNotice: OnNotice;
  /** Not told of since the peer began to tell of each guest that there is. */
  missing: boolean;
}

export class Notices implements Disposable {
  readonly #options: NoticesOptions;
  /** Who follows what, by the number of the link. */
  readonly #followed = new Map<number, Map<string, Followed>>();
  readonly #watched = new Map<number, Disposable>();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** Calls `onNotice` with how that guest at the end of the link is, and whenever that changes, until disposed. */
  follow(link: number, guest: string, onNotice: OnNotice): Disposable {
    const guests = this.#followed.get(link) ?? new Map<string, Followed>();
    if (!this.#followed.has(link)) {
      this.#followed.set(link, guests);
      this.#options.post({ type: 'listen', link, wanted: true });
    }
    // Just asked for, it may come to be while the others are told of.
    const followed = { onNotice, missing: false };
    guests.set(guest, followed);
    return { [Symbol.dispose]: () => this.#unfollow(link, guest, followed) };
  }

  hear(message: FromStreams): void {
    const { post, watch, log } = this.#options;
    const { link } = message;
    switch (message.type) {
      case 'watch': {
        this.#watched.get(link)?.[Symbol.dispose]();
        const tell = (notice: Notice): void => post({ type: 'tell', link, notice });
        this.#watched.set(link, watch(message, tell));
        post({ type: 'all-told', link });
        return;
      }
      case 'unwatch':
        this.#watched.get(link)?.[Symbol.dispose]();
        this.#watched.delete(link);
        return;
      case 'heard':
        for (const notice of message.notices) {
          const followed = this.#followed.get(link)?.get(notice.guest);
          if (followed === undefined) continue;
          followed.missing = false;
          followed.onNotice(notice);
        }
        return;
      case 'asked':
        for (const followed of this.#followed.get(link)?.values() ?? []) followed.missing = true;
        return;
      case 'all-told':
        for (const [guest, followed] of this.#followed.get(link) ?? []) {
          if (followed.missing) followed.onNotice({ guest, state: 'deleted', reason: '' });
          followed.missing = false;
        }
        return;
      case 'deaf':
        log.debug({ link, reason: message.reason }, 'a peer tells no more of what runs there for this daemon');
    }
  }

  /** The link takes no more streams. */
  draining(link: number): void {
    this.#options.post({ type: 'hush', link });
  }

  [Symbol.dispose](): void {
    for (const watched of this.#watched.values()) watched[Symbol.dispose]();
    this.#watched.clear();
    this.#followed.clear();
  }

  #unfollow(link: number, guest: string, followed: Followed): void {
    const guests = this.#followed.get(link);
    if (guests?.get(guest) !== followed) return;
    guests.delete(guest);
    if (guests.size > 0) return;
    this.#followed.delete(link);
    this.#options.post({ type: 'listen', link, wanted: false });
  }
}
