/**
 * Whose turn it is, where each link may have a few of something at once, and all of them together not too many.
 *
 * What waits costs its stream and nothing else; descriptors are for those whose turn has come.
 */

/** At once: of one link, and of all; the API takes 512, and the people of this machine need some of them. */
const perLink = 64;
const inAll = 384;
/** Of all links of one identity: others have some left. */
const perIdentity = 256;
/** That wait, of one link. */
const waitingMost = 1_024;

interface Line {
  active: number;
  readonly waiting: Array<() => void>;
}

export class Turns {
  readonly #lines = new Map<number, Line>();
  readonly #identities = new Map<string, number>();
  #active = 0;

  /**
   * Calls `begin` when it is its turn, with what is to be called once at the end of it.
   *
   * @param who the identity at the other end of the link
   * @returns false when too many wait, or all links together have too many; `begin` is not called then
   */
  take(link: number, who: string, begin: (done: () => void) => void): boolean {
    const line = this.#lines.get(link) ?? { active: 0, waiting: [] };
    const start = (): void => {
      line.active += 1;
      this.#count(who, 1);
      let over = false;
      begin(() => {
        if (over) return;
        over = true;
        line.active -= 1;
        this.#count(who, -1);
        line.waiting.shift()?.();
        if (line.active === 0) this.#lines.delete(link);
      });
    };
    if (line.active < perLink) {
      if (this.#active >= inAll || (this.#identities.get(who) ?? 0) >= perIdentity) return false;
      this.#lines.set(link, line);
      start();
      return true;
    }
    if (line.waiting.length >= waitingMost) return false;
    line.waiting.push(start);
    return true;
  }

  #count(identity: string, by: 1 | -1): void {
    this.#active += by;
    const its = (this.#identities.get(identity) ?? 0) + by;
    if (its > 0) this.#identities.set(identity, its);
    else this.#identities.delete(identity);
  }
}
