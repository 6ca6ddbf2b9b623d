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
 * @returns true when `newer` stays
 */
export function newerStays(
  own: Pick<Hello, 'instance'>,
  peers: Pick<Hello, 'instance'>,
  older: Rival,
  newer: Rival,
): boolean {
  // The same end dialed twice: it had its reason.
  if (older.dialed === newer.dialed) return true;
  // Both dialed: the lower instance's dial wins.
  const ours = own.instance < peers.instance;
  return newer.dialed === ours;
}

/** Not at once: whoever has just learned of the link may be about to use it. */
export function drainSoon(link: { drain(): void }): void {
  setTimeout(() => link.drain(), bothMs).unref();
}
