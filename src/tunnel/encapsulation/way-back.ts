/**
 * Lets the other end of an IPsec tunnel in UDP know which port a NAT has chosen for this one, before a program here has said a word:
 * it believes packets that were sealed with the tunnel's key, and keepalives are not. So this end pings it, often until that is
 * answered, then as often as the mapping is kept alive, because the NAT may choose anew.
 */
import { setTimeout as after } from 'node:timers/promises';
import { Echo } from '../../sys/icmp.ts';
import type { NetNamespace } from '../../sys/netns.ts';

/** Milliseconds before the first ping; twice as long before each next one that follows an unanswered one. */
const FIRST_MS = 250;
/** Milliseconds that an answer may take. */
const ANSWER_MS = 1_000;
/** Bytes of a packet, headers included. */
const SIZE = 64;

export interface WayBackOptions {
  /** Overlay address of the other end. */
  readonly remote: string;
  /** That this end is in, absent = the calling thread's. Borrowed until disposed. */
  readonly namespace: NetNamespace | undefined;
  readonly keepaliveSeconds: number;
}

export class WayBack implements Disposable {
  readonly #options: WayBackOptions;
  readonly #over = new AbortController();

  constructor(options: WayBackOptions) {
    this.#options = options;
    // Ends when it is disposed.
    this.#run().catch(() => undefined);
  }

  async #run(): Promise<never> {
    const { signal } = this.#over;
    const usual = this.#options.keepaliveSeconds * 1_000;
    for (let pause = FIRST_MS; ; ) {
      await after(Math.min(pause, usual), undefined, { signal, ref: false });
      // Without a way there it is as if nobody answered: it may come.
      const answered = await this.#ping().catch(() => false);
      pause = answered ? usual : pause * 2;
    }
  }

  async #ping(): Promise<boolean> {
    const { remote, namespace } = this.#options;
    using echo = new Echo(remote, namespace);
    return (await echo.send(SIZE, ANSWER_MS)) !== undefined;
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
