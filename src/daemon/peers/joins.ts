/**
 * The peers that this daemon has joined: dialed at its start and kept linked, until it leaves them.
 *
 *   STATE-DIR/joins.json                 [{"address": "HOST:PORT", "as": "NAME"}]
 *   STATE-DIR/joins.json.corrupt-TIME    set aside, for a person to look at; what could be read of it is in force
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { parseAddress } from '../../spec/address.ts';
import { parsePeerName } from '../../spec/names.ts';
import type { Logger } from '../log.ts';
import { writeAtomic } from '../state/atomic.ts';
import { setAside } from '../state/set-aside.ts';
import type { Peer } from './peer.ts';
import { type Peers, peerName } from './peers.ts';

interface Join {
  readonly address: string;
  readonly as?: string;
}

interface Kept extends Join {
  readonly wish: Disposable;
  readonly peer: Peer;
}

export class Joins implements Disposable {
  readonly #path: string;
  readonly #peers: Peers;
  readonly #log: Logger;
  readonly #kept = new Map<string, Kept>();
  #written: Promise<void> = Promise.resolve();

  /** @param directory the state directory */
  constructor(directory: string, peers: Peers, log: Logger) {
    this.#path = join(directory, 'joins.json');
    this.#peers = peers;
    this.#log = log;
  }

  /** Joins those of before again, in the background. @throws {WormholeError} WH_ERR_STATE */
  restore(): void {
    const text = this.#read();
    if (text === undefined) return;
    let damage: unknown;
    for (const one of listed(text)) {
      try {
        this.#keep(toJoin(one));
      } catch (error) {
        damage = error;
      }
    }
    if (damage === undefined) return;
    this.#log.error(
      { err: damage, path: setAside(this.#path) },
      'not all joins of before can be read; their file was set aside',
    );
    this.#write().catch((err: unknown) => this.#log.error({ err }, 'the joins that can be read could not be written'));
  }

  has(peer: Peer): boolean {
    return this.#kept.has(peer.name);
  }

  /**
   * Joins a peer, and remembers it once it is linked, or at once.
   *
   * @param wait false: it is remembered before there is a link
   * @throws {WormholeError} why it cannot be joined; what was remembered before still is
   */
  async join(what: Join, wait: boolean, signal: AbortSignal): Promise<Peer> {
    if (what.as !== undefined) parsePeerName(what.as);
    const known = this.#kept.get(peerName(parseAddress(what.address)));
    const renamed = known !== undefined && known.as !== what.as;
    if (renamed) await this.leave(known.peer.name);
    const kept = this.#kept.get(known?.peer.name ?? '') ?? this.#keep(what);
    // What it is called there it says at the beginning of a link.
    if (renamed) this.#peers.unlink(kept.peer);
    try {
      if (wait) await this.#upAs(kept, signal);
    } catch (error) {
      if (known === undefined || renamed) this.#drop(kept);
      if (renamed) await this.#backTo(known);
      throw error;
    }
    await this.#write();
    return kept.peer;
  }

  /** Under another name it could not be joined: what there was before is there again. */
  async #backTo({ address, as }: Join): Promise<void> {
    this.#keep({ address, ...(as !== undefined && { as }) });
    await this.#write().catch((err: unknown) => this.#log.error({ err, address }, 'a join could not be remembered'));
  }

  /** Linked under the name that was wished for: a link that was made for something else may have begun under another one. */
  async #upAs({ peer, as }: Kept, signal: AbortSignal): Promise<void> {
    await peer.up(signal);
    if (as === undefined || peer.said === as) return;
    this.#peers.unlink(peer);
    await peer.up(signal);
  }

  /** @throws {WormholeError} WH_ERR_PEER_NOT_FOUND */
  async leave(name: string): Promise<Peer> {
    const kept =
      this.#kept.get(name) ?? [...this.#kept.values()].find(({ address, as }) => address === name || as === name);
    if (kept === undefined)
      throw new WormholeError(
        'WH_ERR_PEER_NOT_FOUND',
        `this daemon has not joined ${name}; wormhole peers lists what it has`,
      );
    this.#drop(kept);
    await this.#write();
    return kept.peer;
  }

  [Symbol.dispose](): void {
    for (const { wish } of this.#kept.values()) wish[Symbol.dispose]();
  }

  #keep(what: Join): Kept {
    const peer = this.#peers.joining(parseAddress(what.address));
    peer.callOneself(what.as);
    const kept = { ...what, peer, wish: peer.want() };
    this.#kept.set(peer.name, kept);
    return kept;
  }

  #drop({ peer, wish }: Kept): void {
    this.#kept.delete(peer.name);
    peer.callOneself(undefined);
    wish[Symbol.dispose]();
    this.#peers.left(peer);
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw this.#failed(cause);
    }
  }

  /** One after the other, so that an older list never replaces a newer one. @throws {WormholeError} WH_ERR_STATE */
  async #write(): Promise<void> {
    const list = [...this.#kept.values()].map(
      ({ address, as }): Join => ({ address, ...(as !== undefined && { as }) }),
    );
    this.#written = this.#written
      .catch(() => undefined)
      .then(() => writeAtomic(this.#path, `${JSON.stringify(list, undefined, 2)}\n`));
    try {
      await this.#written;
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  #failed(cause: unknown): WormholeError {
    return new WormholeError('WH_ERR_STATE', `${this.#path}: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

/** What is no list is one of a thing that is no join. */
function listed(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [text];
  }
}

/** @throws {WormholeError} */
function toJoin(value: unknown): Join {
  const { address, as } = (value ?? {}) as Partial<Record<keyof Join, unknown>>;
  if (typeof address === 'string' && (as === undefined || typeof as === 'string')) {
    return { address, ...(as !== undefined && { as }) };
  }
  throw new WormholeError('WH_ERR_STATE', 'an entry is no join');
}
