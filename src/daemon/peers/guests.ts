/**
 * What runs here for peers: parts of wormholes of theirs, made and ended as they ask, and kept for a while when they have gone.
 *
 *   asked ─► there ──asked to, or not on the peer's roll──► ended
 *              └──no link to the peer for the length of a lease──► ended
 *
 * They are wormholes like others (`wormhole ls` shows them) with ids that no user can choose; they are not remembered here.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Guest, GuestList, GuestRequest, GuestRoll } from '../../spec/api.ts';
import type { RestOfSpec } from '../../spec/plan.ts';
import type { Caller } from '../api/operations.ts';
import type { Logger } from '../log.ts';
import type { Interpreted } from '../registry/interpret.ts';
import type { Registry } from '../registry/registry.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Entry } from '../wormhole/entry.ts';

/** Milliseconds that guests are kept for a daemon that is not linked. */
export const LEASE_MS = 5 * 60_000;
/** Guests of one peer. */
const MOST = 1_024;

export interface GuestsOptions {
  readonly registry: Pick<Registry, 'host' | 'list' | 'get' | 'remove'>;
  readonly policies: Pick<Surroundings['policies'], 'judge'>;
  readonly log: Logger;
  /** Milliseconds; for tests. */
  readonly leaseMs?: number;
}

/** Whose guest. */
interface Owner {
  readonly host: string;
  readonly identity: string;
  /** What it calls itself, and the link that it asked on. */
  readonly name: string;
  readonly link: number;
}

interface Asked {
  readonly owner: Owner;
  readonly request: string;
}

export class Guests implements Disposable {
  readonly #options: GuestsOptions;
  readonly #asked = new Map<string, Asked>();
  readonly #leases = new Map<string, NodeJS.Timeout>();
  /** Requests for one id are carried out one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /** Who may send connections to a guest; undefined when there is none of that id. */
  ownerOf(guest: string): Owner | undefined {
    return this.#asked.get(guest)?.owner;
  }

  /** @throws {WormholeError} whatever keeps it from working when it is asked for eagerly; nothing is left of it then */
  async put(id: string, request: GuestRequest, caller: Caller): Promise<Guest> {
    const owner = ownerOf(caller);
    const key = keyOf(id, owner);
    return await this.#inTurn(key, () => this.#put(id, request, owner, caller.signal));
  }

  /** With what runs on further peers. */
  async get(id: string, caller: Caller): Promise<Guest> {
    const owner = ownerOf(caller);
    const entry = this.#entry(keyOf(id, owner), owner);
    return { ...toGuest(entry), segments: await entry.segmentsEverywhere(caller.signal) };
  }

  async remove(id: string, now: boolean, caller: Caller): Promise<Guest> {
    const owner = ownerOf(caller);
    const key = keyOf(id, owner);
    this.#entry(key, owner);
    return await this.#inTurn(key, async () => toGuest(await this.#end(key, now)));
  }

  /** Ends those of the caller that are not on its roll. */
  async roll({ ids }: GuestRoll, caller: Caller): Promise<GuestList> {
    const owner = ownerOf(caller);
    const kept = new Set(ids.map((id) => keyOf(id, owner)));
    for (const [key, { owner: its }] of this.#asked) {
      if (its.host !== owner.host || its.identity !== owner.identity || kept.has(key)) continue;
      this.#options.log.info({ wormhole: key }, 'the peer has no use for it any more');
      await this.#inTurn(key, () => this.#end(key, false));
    }
    const guests = [...this.#asked.keys()]
      .filter((key) => kept.has(key))
      .map((key) => toGuest(this.#options.registry.get(key)));
    return { guests };
  }

  /** Number of guests of a daemon. */
  count(host: string): number {
    return [...this.#asked.values()].filter(({ owner }) => owner.host === host).length;
  }

  /** The daemon is linked. */
  back(host: string): void {
    clearTimeout(this.#leases.get(host));
    this.#leases.delete(host);
  }

  /** No link to it is left. @param client a program, which will not come back under that name */
  gone(host: string, client: boolean): void {
    if (this.count(host) === 0) return;
    const { leaseMs = LEASE_MS } = this.#options;
    this.back(host);
    this.#leases.set(host, setTimeout(() => void this.#expire(host), client ? 0 : leaseMs).unref());
  }

  [Symbol.dispose](): void {
    for (const timer of this.#leases.values()) clearTimeout(timer);
  }

  async #expire(host: string): Promise<void> {
    for (const [key, { owner }] of this.#asked) {
      if (owner.host !== host) continue;
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
    const { eager, trail, listen, ...rest } = request;
    // What listens here for a peer hangs on the link that takes its connections.
    const asked = JSON.stringify([rest, trail, ...(listen === undefined ? [] : [listen, owner.link])]);
    const known = this.#asked.get(key);
    if (known !== undefined) {
      // Whoever says that it is the same daemon has to prove the same key.
      if (known.owner.identity !== owner.identity) throw unknown();
      const entry = registry.list().find(({ id, status }) => id === key && status.state !== 'starting');
      if (entry !== undefined && known.request === asked) {
        this.#asked.set(key, { owner, request: asked });
        return toGuest(entry);
      }
      await this.#end(key, false).catch(ignoreMissing);
    }
    if (this.count(owner.host) >= MOST)
      throw new WormholeError('WH_ERR_LIMIT', `a peer has at most ${MOST} guests here`);
    const made = await this.#interpret(request, owner, signal);
    if (made.plan.id !== undefined) throw new WormholeError('WH_ERR_SPEC_INVALID', 'a guest has no id of its own');
    this.#asked.set(key, { owner, request: asked });
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

  async #interpret(
    { words, protocol, port, listen }: GuestRequest,
    { identity, name }: Owner,
    signal: AbortSignal,
  ): Promise<Interpreted & { readonly words: readonly string[] }> {
    const { interpretListener, interpretRest } = await import('../registry/interpret.ts');
    const { policies } = this.#options;
    if (listen === undefined) {
      return { words, ...(await interpretRest(identity, restOf({ words, protocol, port }), policies, signal)) };
    }
    if (words.length > 0 || protocol !== 'tcp') {
      throw new WormholeError('WH_ERR_REQUEST_INVALID', 'what listens here for a peer has no words, and is TCP');
    }
    return await interpretListener(identity, name, listen, policies, signal);
  }

  async #end(key: string, now: boolean): Promise<Entry> {
    const entry = await this.#options.registry.remove(key, now);
    this.#asked.delete(key);
    return entry;
  }

  #entry(key: string, owner: Owner): Entry {
    const known = this.#asked.get(key);
    if (known === undefined || known.owner.identity !== owner.identity) throw unknown();
    return this.#options.registry.get(key);
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

/** `~` cannot stand in an id that a user chooses. */
export function keyOf(id: string, { host }: Pick<Owner, 'host'>): string {
  return `${id}~${host}`;
}

/** @throws {WormholeError} WH_ERR_REQUEST_REFUSED for anybody but a peer on its link */
function ownerOf({ origin }: Caller): Owner {
  if (origin.kind === 'peer' && origin.link !== undefined) {
    const { host, name, number } = origin.link;
    return { host, identity: origin.identity, name, link: number };
  }
  throw new WormholeError('WH_ERR_REQUEST_REFUSED', 'guests are asked for by peers, on their link');
}

function restOf({
  words,
  protocol,
  port,
}: Pick<GuestRequest, 'words' | 'protocol'> & { port: number | undefined }): RestOfSpec {
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw new WormholeError('WH_ERR_REQUEST_INVALID', 'body.port must be from 1 to 65535');
  }
  return { words, protocol, ...(port !== undefined && { port }) };
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
