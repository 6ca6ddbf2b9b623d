/**
 * What runs here for peers: parts of wormholes of theirs, made and ended as they ask, and kept for a while when they have gone.
 *
 *   asked ─► there ──asked to, or not on the peer's roll──► ended
 *              └──no link to the peer for the length of a lease──► ended
 *
 * They are wormholes like others (`wormhole ls` shows them) with ids that no user can choose; they are not remembered here.
 */
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Guest, GuestList, GuestRequest, GuestRoll } from '../../spec/api.ts';
import type { Caller } from '../api/operations.ts';
import type { Logger } from '../log.ts';
import type { Registry } from '../registry/registry.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Entry } from '../wormhole/entry.ts';
import { interpretGuest } from './interpret-guest.ts';
import { Leases } from './leases.ts';
import { isSame, keyOf, keysOf, type Owner, ownerOf, type Whose } from './owner.ts';
import { Returning } from './returning.ts';

/** Milliseconds that guests are kept for a daemon that is not linked. */
export const LEASE_MS = 5 * 60_000;
/** Guests of one daemon. */
const MOST = 1_024;
/** Guests of one identity, however many daemons it says that it is. */
const MOST_OF_IDENTITY = 4 * MOST;
/** As heads of streams name them. */
const GUEST = /^[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}$/;

export interface GuestsOptions {
  readonly registry: Pick<Registry, 'host' | 'list' | 'get' | 'remove'>;
  readonly policies: Pick<Surroundings['policies'], 'judge'>;
  /** Overlay address of this end of a tunnel with a peer. @throws {WormholeError} WH_ERR_TUNNEL_NOT_FOUND */
  readonly overlayWith: (owner: Owner) => string;
  readonly log: Logger;
  /** Containers of an earlier life are nobody's any more. */
  readonly onLeftBehind?: () => void;
  /** Milliseconds; for tests. */
  readonly leaseMs?: number;
}

interface Asked {
  readonly owner: Owner;
  /** Among the requests that came on that link. */
  readonly order: number;
  readonly request: string;
}

export class Guests implements Disposable {
  readonly #options: GuestsOptions;
  readonly #asked = new Map<string, Asked>();
  readonly #leases: Leases;
  readonly #returning: Returning;
  /** Those that are being made, to be given up when they are not wanted any more. */
  readonly #underway = new Map<string, Omit<Asked, 'request'> & { readonly deadline: Deadline }>();
  /** Requests for one id are carried out one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: GuestsOptions) {
    this.#options = options;
    const { leaseMs = LEASE_MS, onLeftBehind = () => undefined } = options;
    this.#leases = new Leases(leaseMs, (whose) => void this.#expire(whose));
    this.#returning = new Returning(leaseMs, onLeftBehind);
  }

  /** Who may send connections to a guest; undefined when there is none of that id. */
  ownerOf(guest: string): Owner | undefined {
    return this.#asked.get(guest)?.owner;
  }

  /** Is a guest of that id there, or may it still be asked for again, as it was in an earlier life of this daemon? */
  expects(id: string): boolean {
    return this.#asked.has(id) || this.#returning.expects(id);
  }

  /** @throws {WormholeError} whatever keeps it from working when it is asked for eagerly; nothing is left of it then */
  async put(id: string, request: GuestRequest, caller: Caller): Promise<Guest> {
    const owner = ownerOf(caller);
    if (!GUEST.test(id)) throw new WormholeError('WH_ERR_REQUEST_INVALID', 'that is no name of a guest');
    const key = keyOf(id, owner);
    return await this.#inTurn(key, async () => {
      using deadline = new Deadline(Number.POSITIVE_INFINITY, caller.signal);
      const { order = 0 } = request;
      this.#underway.set(key, { owner, order, deadline });
      try {
        return await this.#put(id, request, owner, deadline.signal);
      } finally {
        this.#underway.delete(key);
      }
    });
  }

  /** With what runs on further peers. */
  async get(id: string, caller: Caller): Promise<Guest> {
    const key = keyOf(id, ownerOf(caller));
    if (!this.#asked.has(key)) throw unknown();
    const entry = this.#options.registry.get(key);
    return { ...toGuest(entry), segments: await entry.segmentsEverywhere(caller.signal) };
  }

  /** Also of one that is only being made. */
  async remove(id: string, now: boolean, caller: Caller): Promise<Guest> {
    const key = keyOf(id, ownerOf(caller));
    this.#giveUp(key);
    return await this.#inTurn(key, async () => {
      if (!this.#asked.has(key)) throw unknown();
      return toGuest(await this.#end(key, now));
    });
  }

  /** Ends those of the caller that are not on its roll. */
  async roll({ ids, after = Number.POSITIVE_INFINITY }: GuestRoll, caller: Caller): Promise<GuestList> {
    const owner = ownerOf(caller);
    const kept = keysOf(ids, owner);
    for (const key of this.#of(owner)) {
      const requests = [this.#asked.get(key), this.#underway.get(key)];
      if (kept.has(key) || requests.some((one) => one?.owner.link === owner.link && one.order > after)) continue;
      this.#options.log.info({ wormhole: key }, 'the peer has no use for it any more');
      this.#giveUp(key);
      await this.#inTurn(key, () => this.#end(key, false)).catch(ignoreMissing);
    }
    this.#returning.rolled(owner, kept);
    const there = this.#options.registry.list().filter(({ id }) => kept.has(id) && this.#asked.has(id));
    return { guests: there.map(toGuest) };
  }

  /** Number of guests of a daemon. */
  count(whose: Whose): number {
    return this.#of(whose).length;
  }

  /** The daemon is linked. */
  back(whose: Whose): void {
    this.#leases.cancel(whose);
  }

  /** No link to it is left. @param client a program, which will not come back under that name */
  gone(whose: Whose, client: boolean): void {
    if (this.count(whose) > 0) this.#leases.begin(whose, client);
  }

  [Symbol.dispose](): void {
    this.#leases[Symbol.dispose]();
    this.#returning[Symbol.dispose]();
  }

  #of(whose: Whose): readonly string[] {
    return [...this.#asked].flatMap(([key, { owner }]) => (isSame(owner, whose) ? [key] : []));
  }

  async #expire(whose: Whose): Promise<void> {
    for (const key of this.#of(whose)) {
      const owner = this.#asked.get(key)?.owner;
      this.#options.log.info({ wormhole: key }, 'the peer it runs for has gone');
      // It may have come back and asked anew.
      const end = async () => (this.#asked.get(key)?.owner === owner ? await this.#end(key, true) : undefined);
      await this.#inTurn(key, end).catch((err: unknown) => {
        this.#options.log.warn({ err, wormhole: key }, 'what ran for a peer could not be ended');
      });
    }
  }

  async #put(guest: string, request: GuestRequest, owner: Owner, signal: AbortSignal): Promise<Guest> {
    const { registry } = this.#options;
    const key = keyOf(guest, owner);
    const { eager, trail, listen, order = 0, ...rest } = request;
    // What listens here for a peer hangs on the link that takes its connections.
    const overlay = request.tunnel === true ? this.#options.overlayWith(owner) : undefined;
    const asked = JSON.stringify([rest, trail, overlay, ...(listen === undefined ? [] : [listen, owner.link])]);
    const known = this.#asked.get(key);
    if (known !== undefined) {
      const entry = registry.list().find(({ id }) => id === key);
      // People of this machine may have deleted it, and its connections go on.
      if (entry !== undefined && entry.describe().state !== 'draining' && known.request === asked) {
        this.#asked.set(key, { owner, order, request: asked });
        return toGuest(entry);
      }
      await this.#end(key, false).catch(ignoreMissing);
    }
    const made = await interpretGuest(request, overlay, owner, this.#options.policies, signal);
    if (made.plan.id !== undefined) throw new WormholeError('WH_ERR_SPEC_INVALID', 'a guest has no id of its own');
    signal.throwIfAborted();
    // No turn of another guest comes between this and the next line.
    this.#refuseTooMany(owner);
    this.#asked.set(key, { owner, order, request: asked });
    const back = { link: owner.link, guest, hops: Math.max(1, trail.length) };
    try {
      const entry = await registry.host(
        { id: key, owner: owner.identity, ...made, eager, trail, ...(listen !== undefined && { back }) },
        signal,
      );
      return toGuest(entry);
    } catch (error) {
      this.#asked.delete(key);
      throw error;
    }
  }

  #refuseTooMany(owner: Owner): void {
    let [its, ofIdentity] = [0, 0];
    for (const { owner: other } of this.#asked.values()) {
      if (other.identity === owner.identity) ofIdentity += 1;
      if (isSame(other, owner)) its += 1;
    }
    if (its < MOST && ofIdentity < MOST_OF_IDENTITY) return;
    throw new WormholeError('WH_ERR_LIMIT', `a peer has at most ${MOST} guests here`);
  }

  #giveUp(key: string): void {
    this.#underway.get(key)?.deadline.abort(new WormholeError('WH_ERR_ABORTED', 'it is not wanted any more'));
  }

  async #end(key: string, now: boolean): Promise<Entry> {
    try {
      return await this.#options.registry.remove(key, now);
    } finally {
      this.#asked.delete(key);
    }
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
    const quiet = mine.catch(() => undefined);
    this.#turns.set(key, quiet);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === quiet) this.#turns.delete(key);
    }
  }
}

function toGuest(entry: Entry): Guest {
  const { id, state, reason, url, targets, stats } = entry.describe();
  return { id, state, reason, url, targets, stats, segments: entry.segments() };
}

function ignoreMissing(error: unknown): void {
  if (!WormholeError.is(error) || error.code !== 'WH_ERR_WORMHOLE_NOT_FOUND') throw error;
}

function unknown(): WormholeError {
  return new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', 'nothing of that name runs here for this peer');
}
