/**
 * Hears, on a stream of its own, what becomes of the guests that this daemon has at the far end of a link.
 *
 * Asked for anew when the stream ends and the link does not; a peer that knows no such stream is not asked again.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { WormholeError } from '../../lib/errors.ts';
import { FrameReader } from './frame.ts';
import type { Link } from './link.ts';
import { type Notice, parseNotice } from './notice.ts';

/** Milliseconds until it is asked for again. */
const againMs = 5_000;
/** Milliseconds in which one read at most is passed on: whoever talks without end is heard slowly. */
const pauseMs = 20;

export interface Hearer {
  /** The peer is asked, perhaps once more: it begins with each guest that there is. */
  readonly onAsked: () => void;
  readonly onNotices: (notices: readonly Notice[]) => void;
  /** Each guest that there is was told of. */
  readonly onAllTold: () => void;
}

export class NoticesIn {
  readonly #link: Pick<Link, 'openStream' | 'open'>;
  readonly #hearer: Hearer;
  readonly #closed = new AbortController();
  #stream: Duplex | undefined;

  constructor(link: Pick<Link, 'openStream' | 'open'>, hearer: Hearer) {
    this.#link = link;
    this.#hearer = hearer;
  }

  /** Resolves when there is no more to hear; why, in words for the log. */
  async run(): Promise<string> {
    const { signal } = this.#closed;
    let reason = '';
    while (!signal.aborted && this.#link.open) {
      try {
        this.#hearer.onAsked();
        this.#stream = await this.#link.openStream({ kind: 'notices' }, signal);
        await this.#hear(this.#stream);
        reason = 'the peer has ended it';
      } catch (error) {
        if (signal.aborted) break;
        reason = (error as Error).message;
        if (isRefusal(error)) return reason;
      } finally {
        this.#stream?.destroy();
      }
      await sleep(againMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    return reason;
  }

  close(): void {
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'nobody listens any more'));
    this.#stream?.destroy();
  }

  /** @throws {WormholeError} WH_ERR_PROTOCOL, or why the stream broke */
  async #hear(stream: Duplex): Promise<void> {
    const reader = new FrameReader();
    for await (const slice of stream as AsyncIterable<Buffer>) {
      reader.push(slice);
      const heard = new Map<string, Notice>();
      let allTold = false;
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        const notice = parseNotice(message);
        if (notice === 'told') allTold = true;
        else if (notice !== undefined) heard.set(notice.guest, notice);
      }
      if (heard.size > 0) this.#hearer.onNotices([...heard.values()]);
      if (allTold) this.#hearer.onAllTold();
      await sleep(pauseMs, undefined, { ref: false });
    }
  }
}

/** As of a version that knows no notices. */
function isRefusal(error: unknown): boolean {
  return WormholeError.is(error) && error.code === 'WH_ERR_PROTOCOL' && error.detail['peer'] === true;
}
