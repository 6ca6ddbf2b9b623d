/**
 * Which of two links to the same peer stays, so that both ends decide alike.
 *
 * Both may have dialed at once; one end may have dialed again because it lost the first. The other link is drained: nothing
 * on it breaks, and no new stream is opened on it.
 */
import type { Hello } from './hello.ts';

/** Milliseconds that two links to one peer are both used. */
const bothMs = 500;

export interface Rival {
  /** This end dialed it. */
  readonly dialed: boolean;
  /** Grows with each link of this process. */
  readonly number: number;
}

/**
 * @param own   this process
 * @param peers the process at the other end of both
 * @returns the one that this end drains; undefined when that is the other end's to do
 */
export function rivalToDrain<R extends Rival>(
  own: Pick<Hello, 'instance'>,
  peers: Pick<Hello, 'instance'>,
  older: R,
  newer: R,
): R | undefined {
  // The same end dialed twice. Only that one knows which came later: the ends may hear of them in another order.
  if (older.dialed === newer.dialed) return newer.dialed ? older : undefined;
  // Both dialed: the lower instance's dial wins.
  const ours = own.instance < peers.instance;
  return newer.dialed === ours ? older : newer;
}

/** Not at once: whoever has just learned of the link may be about to use it. */
export function drainSoon(link: { drain(): void } | undefined): void {
  if (link !== undefined) setTimeout(() => link.drain(), bothMs).unref();
}
