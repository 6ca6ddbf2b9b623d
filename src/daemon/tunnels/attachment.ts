/**
 * The container that the end of a tunnel is in, followed to wherever it is: each time it starts it has another namespace.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { Place } from '../places/place.ts';
import type { Where } from '../places/where.ts';
import type { Follower, Surroundings } from '../surroundings.ts';

/** May its end be there? @throws {WormholeError} */
export type Judge = (place: Place) => void;

export class Attachment implements AsyncDisposable {
  readonly container: string;
  readonly #follower: Follower;
  readonly #onMove: () => void;
  readonly #judge: Judge;
  #namespace: NetNamespace | undefined;
  #problem: WormholeError | undefined;

  private constructor(container: string, follower: Follower, onMove: () => void, judge: Judge) {
    this.container = container;
    this.#follower = follower;
    this.#onMove = onMove;
    this.#judge = judge;
  }

  /** @param onMove it is in another namespace now, or in none @param judge asked of each place that it comes to */
  static async follow(
    container: string,
    { follow }: Pick<Surroundings, 'follow'>,
    onMove: () => void,
    judge: Judge = () => undefined,
  ): Promise<Attachment> {
    let made: Attachment | undefined;
    let first: Where | undefined;
    const moved = (where: Where): void => {
      if (made === undefined) first = keep(where);
      else made.#moved(where);
    };
    // The place that is told is borrowed: it may be gone when the follower has been handed out.
    let namespace: NetNamespace | undefined;
    const keep = (where: Where): Where => {
      namespace?.[Symbol.dispose]();
      namespace = where.state === 'here' ? where.place.namespace?.duplicate() : undefined;
      return where;
    };
    const follower = await follow({ kind: 'container', container }, moved);
    made = new Attachment(container, follower, onMove, judge);
    if (first !== undefined) made.#take(first, namespace);
    return made;
  }

  /** A descriptor of its own for the caller. @throws {WormholeError} why there is none */
  namespace(): NetNamespace {
    if (this.#problem === undefined && this.#namespace !== undefined) return this.#namespace.duplicate();
    throw this.#problem ?? new WormholeError('WH_ERR_CONTAINER_STOPPED', `container ${this.container} is not running`);
  }

  /** Where the container is, to take away what may be in there; a descriptor of its own for the caller. */
  whereabouts(): NetNamespace | undefined {
    return this.#namespace?.duplicate();
  }

  /** Why its end cannot be anywhere; undefined while it can. */
  get problem(): WormholeError | undefined {
    return this.#problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]();
    this.#namespace?.[Symbol.dispose]();
    this.#namespace = undefined;
  }

  #moved(where: Where): void {
    this.#take(where, where.state === 'here' ? where.place.namespace?.duplicate() : undefined);
    this.#onMove();
  }

  #take(where: Where, namespace: NetNamespace | undefined): void {
    this.#namespace?.[Symbol.dispose]();
    this.#namespace = namespace;
    this.#problem = where.state === 'here' ? this.#judged(where.place) : where.error;
    if (where.state !== 'here' || !where.place.hostNetwork) return;
    this.#namespace?.[Symbol.dispose]();
    this.#namespace = undefined;
    const reason = `container ${this.container} has the network of the host; leave --attach out`;
    this.#problem = new WormholeError('WH_ERR_TUNNEL_CONFLICT', reason);
  }

  #judged(place: Place): WormholeError | undefined {
    try {
      this.#judge(place);
      return undefined;
    } catch (error) {
      if (WormholeError.is(error)) return error;
      throw error;
    }
  }
}
