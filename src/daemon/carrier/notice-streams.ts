/**
 * All streams of notices, in the carrier's thread: of each link at most one in each direction.
 *
 * What there is to tell, and who wants to hear, is known in the main thread; this file passes it on.
 */
import type { Incoming } from '../../carrier/link/incoming.ts';
import type { Link } from '../../carrier/link/link.ts';
import type { Notice } from '../../carrier/link/notice.ts';
import { NoticesIn } from '../../carrier/link/notices-in.ts';
import { NoticesOut } from './notices-out.ts';
import type { FromStreams } from './streams.ts';

export class NoticeStreams {
  readonly #post: (message: FromStreams) => void;
  readonly #out = new Map<number, NoticesOut>();
  readonly #in = new Map<number, NoticesIn>();

  constructor(post: (message: FromStreams) => void) {
    this.#post = post;
  }

  /** The peer wants to hear of its guests; whoever asked before on that link hears no more. */
  serve({ number, hello, peer }: Link, incoming: Incoming): void {
    this.#out.get(number)?.end();
    const out: NoticesOut = new NoticesOut(incoming.accept(), () => {
      if (this.#out.get(number) !== out) return;
      this.#out.delete(number);
      this.#post({ type: 'unwatch', link: number });
    });
    this.#out.set(number, out);
    this.#post({ type: 'watch', link: number, host: hello?.host ?? '', identity: peer.identity });
  }

  tell(link: number, notice: Notice): void {
    this.#out.get(link)?.tell(notice);
  }

  allTold(link: number): void {
    this.#out.get(link)?.allTold();
  }

  listen(link: Link): void {
    const { number } = link;
    if (this.#in.has(number)) return;
    const hearing = new NoticesIn(link, {
      onAsked: () => this.#post({ type: 'asked', link: number }),
      onNotices: (notices) => this.#post({ type: 'heard', link: number, notices }),
      onAllTold: () => this.#post({ type: 'all-told', link: number }),
    });
    this.#in.set(number, hearing);
    void hearing.run().then((reason) => {
      if (this.#in.get(number) !== hearing) return;
      this.#in.delete(number);
      this.#post({ type: 'deaf', link: number, reason });
    });
  }

  unlisten(link: number): void {
    const hearing = this.#in.get(link);
    this.#in.delete(link);
    hearing?.close();
  }

  /** The link takes no more streams, and ends with the last one: these must not be that. */
  hush(link: number): void {
    this.unlisten(link);
    this.#out.get(link)?.end();
  }
}
