/**
 * Follows the container that a `docker-run` made: none at first, then whichever it is told, one after the other.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Follower } from '../surroundings.ts';
import type { OnMove, Where } from './where.ts';

const NOT_YET = new WormholeError('WH_ERR_CONTAINER_STOPPED', 'its container has not been started yet');

/** Follows one container, by its full id. */
type FollowContainer = (id: string, onMove: OnMove) => Promise<Follower>;

export class LedFollower implements Follower {
  readonly #follow: FollowContainer;
  readonly #onMove: OnMove;
  #following: Follower | undefined;
  #container = '';
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(follow: FollowContainer, onMove: OnMove) {
    this.#follow = follow;
    this.#onMove = onMove;
  }

  /** Resolves when `onMove` has been told that there is nothing yet. */
  static async start(follow: FollowContainer, onMove: OnMove): Promise<LedFollower> {
    await onMove({ state: 'absent', reason: NOT_YET.message, error: NOT_YET });
    return new LedFollower(follow, onMove);
  }

  get where(): Where | undefined {
    return this.#following?.where ?? { state: 'absent', reason: NOT_YET.message, error: NOT_YET };
  }

  /** Its labels find it again, nothing has to be remembered. */
  get identity(): undefined {
    return undefined;
  }

  wake(): void {
    this.#following?.wake();
  }

  /** @param container full id; again the same one is a wake-up. Nobody is led once it is disposed. */
  async lead(container: string): Promise<void> {
    const mine = this.#turn.then(async () => {
      if (this.#closed) return;
      if (container === this.#container && this.#following?.where?.state !== 'gone') return this.wake();
      const before = this.#following;
      this.#following = undefined;
      await before?.[Symbol.asyncDispose]();
      this.#container = container;
      this.#following = await this.#follow(container, this.#onMove);
    });
    this.#turn = mine.catch(() => undefined);
    await mine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await this.#following?.[Symbol.asyncDispose]();
  }
}
