/**
 * How a pool member uses the container that it is in: counted for all who might end that container.
 */
import type { Route } from '../../proxy/route.ts';
import type { Use, Uses } from '../activator/uses.ts';
import type { Where } from '../places/where.ts';
import type { Member } from './member.ts';
import type { Tail } from './tail.ts';

export interface MemberUseOptions {
  readonly member: Member;
  readonly tail: Tail;
  readonly route: Route;
  readonly uses: Uses;
  readonly idleMs: number;
  /** Connections are let through to it again. */
  readonly onResume: () => void;
}

export class MemberUse implements Use, Disposable {
  readonly idleMs: number;
  readonly #options: MemberUseOptions;
  #container = '';
  #use: Disposable | undefined;

  constructor(options: MemberUseOptions) {
    this.#options = options;
    this.idleMs = options.idleMs;
  }

  /** Full id of the one that it is in; '' = none. */
  get container(): string {
    return this.#container;
  }

  /** Counts for the container that it is in now. */
  moved(where: Where): void {
    const container = where.state === 'here' ? (where.place.container?.id ?? '') : '';
    if (container === this.#container) return;
    this[Symbol.dispose]();
    this.#container = container;
    if (container !== '') this.#use = this.#options.uses.add(container, this);
  }

  busy(): number {
    const { member, tail, route } = this.#options;
    const { members, connectionsWaiting } = route.stats();
    const { open = 0, pending = 0 } = members.find((one) => one.member === member.index) ?? {};
    // Those that wait could go to any member of a pool that is open to them; to the only one they must.
    const others = tail.members.some((one) => one !== member && one.here);
    return open + pending + (others ? 0 : connectionsWaiting);
  }

  total(): number {
    const { member, route } = this.#options;
    return route.stats().members.find((one) => one.member === member.index)?.dialed ?? 0;
  }

  suspend(): Promise<void> {
    return this.#options.tail.suspend(this.#options.member, true);
  }

  async resume(): Promise<void> {
    await this.#options.tail.suspend(this.#options.member, false);
    this.#options.onResume();
  }

  [Symbol.dispose](): void {
    this.#use?.[Symbol.dispose]();
    this.#use = undefined;
    this.#container = '';
  }
}
