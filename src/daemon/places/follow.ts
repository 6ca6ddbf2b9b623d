/**
 * Keeps a place current: looks again whenever something may have moved, and tells what came of it.
 *
 *        ┌────────► here ◄───────┐            by name: whatever bears the name, after recreate and rename too
 *     (start)                (look again)     by id:   that container through restarts; gone once removed
 *        └── absent ◄── here ────┘            netns:   the name, also when another namespace takes it
 *                        └──► gone            pid:     that process; gone once it ended
 *
 * Looks never overlap; changes that come during one are answered by a single look after it. The owner is told before
 * the place it uses is closed, and nobody waits for ever: what no event tells is found by the next resync.
 */
import type { NamespaceRef } from '../../spec/plan.ts';
import type { Place } from './place.ts';
import { type Identity, lookFor } from './sight.ts';
import { watchFor } from './watch.ts';
import type { FollowSources, OnMove, Where } from './where.ts';

export class Following implements AsyncDisposable {
  readonly #onMove: OnMove;
  readonly #log: FollowSources['log'];
  readonly #stop = new AbortController();
  readonly #look: ReturnType<typeof lookFor>;
  #identity: Identity | undefined;
  #where: Where | undefined;
  #again = false;
  #looking: Promise<void> | undefined;
  #trigger: Disposable | undefined;

  private constructor(ref: NamespaceRef, onMove: OnMove, sources: FollowSources, identity: Identity | undefined) {
    this.#onMove = onMove;
    this.#log = sources.log;
    this.#identity = identity;
    this.#look = lookFor(ref, sources, identity, (learned) => {
      this.#identity = learned;
    });
  }

  /**
   * Looks for the first time and starts to follow.
   *
   * @param identity what the reference was found to mean by an earlier {@link Following}, see there
   * @returns when `onMove` has been told the first state
   * @throws what `onMove` rejects with the first time; nothing is followed then
   */
  static async start(
    ref: NamespaceRef,
    onMove: OnMove,
    sources: FollowSources,
    identity?: Identity,
  ): Promise<Following> {
    const following = new Following(ref, onMove, sources, identity);
    try {
      // Watching begins first: what happens during the first look must not be missed.
      following.#trigger = watchFor(ref, sources, following);
      following.#looking = following.#lookFirst();
      await following.#looking;
      return following;
    } catch (error) {
      await following[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Undefined only before the first look. */
  get where(): Where | undefined {
    return this.#where;
  }

  /** What a container's reference was found to mean; undefined until it was found, and for other references. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** A pid that is gone must not be looked at again: its number may name another process. */
  get #over(): boolean {
    return this.#stop.signal.aborted || this.#where?.state === 'gone';
  }

  /** Looks again soon; while a look is under way, once more after it. */
  wake(): void {
    this.#again = true;
    if (this.#looking !== undefined || this.#over) return;
    this.#looking = this.#lookWhileAsked();
  }

  /** Waits for a move under way, then closes the place. Nothing is told any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#trigger?.[Symbol.dispose]();
    this.#stop.abort(new DOMException('no longer followed', 'AbortError'));
    await this.#looking?.catch(() => undefined);
    if (this.#where?.state === 'here') this.#where.place[Symbol.dispose]();
    this.#where = undefined;
  }

  /** One look, which throws what fails; those asked for meanwhile follow by themselves and keep nobody waiting. */
  async #lookFirst(): Promise<void> {
    await this.#lookOnce(true);
    this.#looking = undefined;
    if (this.#again) this.wake();
  }

  async #lookWhileAsked(): Promise<void> {
    try {
      do await this.#lookOnce(false);
      while (this.#again && !this.#over);
    } finally {
      // In one step with the condition above: a wake between the two would be lost.
      this.#looking = undefined;
    }
  }

  /** @param strict throw what fails, instead of logging it */
  async #lookOnce(strict: boolean): Promise<void> {
    this.#again = false;
    const held = this.#where?.state === 'here' ? this.#where.place : undefined;
    try {
      const sight = await this.#look(held, this.#stop.signal);
      if (sight.kind === 'same') return;
      if (sight.kind === 'place') return await this.#move({ state: 'here', place: sight.place }, held);
      const { kind, error } = sight;
      if (kind === 'gone') this.#trigger?.[Symbol.dispose]();
      if (this.#where?.state === kind && this.#where.reason === error.message) return;
      await this.#move({ state: kind, reason: error.message, error }, held);
    } catch (err) {
      if (this.#stop.signal.aborted) return;
      if (strict) throw err;
      this.#log.warn({ err }, 'a moved place could not be taken up');
    }
  }

  async #move(where: Where, held: Place | undefined): Promise<void> {
    this.#where = where;
    try {
      if (!this.#stop.signal.aborted) await this.#onMove(where);
    } finally {
      held?.[Symbol.dispose]();
    }
  }
}
