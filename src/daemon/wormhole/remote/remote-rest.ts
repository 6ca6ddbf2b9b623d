/**
 * The rest of a spec behind `remote PEER` or `tunnel PEER`: a guest of that peer, made when it is needed, and made again whenever the peer
 * may have forgotten it.
 *
 *   ensure ─► link to the peer ─► guest there ─► the tail's only member is here
 *             link gone: the member is away, connections wait ─► link again: guest again ─► here
 *
 * While it is here its peer tells how it is. Owns the wish to be linked, and the guest's being there.
 */
import type { LinkFacts } from '../../../carrier/link/facts.ts';
import type { Notice } from '../../../carrier/link/notice.ts';
import { Deadline, within } from '../../../lib/deadline.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { backOff, pause } from '../../../lib/pause.ts';
import type { GuestRequest, Pull, Segment } from '../../../spec/api.ts';
import type { Logger } from '../../log.ts';
import { type Allow, literalOf } from '../../peers/allowed-endpoints.ts';
import type { GuestCalls } from '../../peers/guest-calls.ts';
import type { Notices } from '../../peers/notices.ts';
import type { Peer } from '../../peers/peer.ts';
import type { Status } from '../../status.ts';
import type { Abroad } from '../../surroundings.ts';
import type { Hanging } from '../hanging.ts';
import { FarMember } from './far-member.ts';
import { farSegments } from './far-segments.ts';
import { FarUnderway, farStatus, Hearing, linkStatus } from './far-status.ts';
import type { FarAddress, FarWay } from './far-way.ts';

/** Milliseconds between attempts to make the guest again: first and last. */
const RETRY_MS = [500, 30_000] as const;
/** Milliseconds for which the guest is believed to be there. */
const BELIEVED_MS = 1_000;

export interface RemoteRestOptions {
  readonly peer: Peer;
  readonly calls: GuestCalls;
  /** Name of the guest there; the peer's own knowledge of us makes it unique. */
  readonly guest: string;
  readonly request: Omit<GuestRequest, 'eager' | 'tunnel'>;
  /** How connections get to it. */
  readonly way: FarWay;
  /** May the peer be reached at that address? Absent = wherever it is. @throws {WormholeError} WH_ERR_POLICY */
  readonly allow?: Allow;
  readonly rttMs: Abroad['rttMs'];
  /** What the peer tells of the guest. */
  readonly follow: Notices['follow'];
  readonly log: Logger;
  /** The member has another status, and is where it was. */
  readonly onStatus: () => void;
  /** The member came, went, or has another status. Resolves when the route knows. */
  readonly onChange: () => Promise<void>;
}

export class RemoteRest implements Hanging {
  readonly segment = undefined;
  readonly member: FarMember;
  readonly underway: FarUnderway;
  readonly #options: RemoteRestOptions;
  readonly #closed = new AbortController();
  readonly #wishes: readonly Disposable[];
  readonly #hearing: Hearing;
  #following: Disposable | undefined;
  /** It is to be there, as opposed to waiting for its first connection. */
  #needed = false;
  #link: LinkFacts | undefined;
  #making: Promise<void> | undefined;
  #address: FarAddress | undefined;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  /** Number of notices. */
  #heard = 0;

  constructor(options: RemoteRestOptions) {
    this.#options = options;
    const { peer, way } = options;
    this.underway = new FarUnderway(peer.name);
    this.#hearing = new Hearing(options.follow, options.guest, (notice) => this.#hear(notice));
    const confirm = (signal: AbortSignal): Promise<void> => this.#confirm(signal);
    this.member = new FarMember(`${way.word} ${peer.name}`, confirm, linkStatus(peer, way));
    this.member.left(undefined, { state: 'waiting', reason: `peer ${peer.name} is not linked yet` });
    const { onStatus } = options;
    this.#wishes = [peer.want(options.allow), peer.outage.follow(onStatus), peer.followReason(onStatus)];
  }

  get pull(): Pull | undefined {
    return this.underway.pull;
  }

  async ensure(signal: AbortSignal, eager: boolean): Promise<void> {
    this.#needed = true;
    if (eager) {
      using either = new Deadline(Number.POSITIVE_INFINITY, signal, this.#closed.signal);
      await this.#make(true, either.signal);
    }
    // Not before: it would be made again, by somebody who takes less for enough.
    this.#following ??= this.#options.peer.follow((link) => this.#linked(link));
  }

  async describe(signal: AbortSignal): Promise<Segment[]> {
    return this.#needed ? await farSegments(this.#options, signal) : [];
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  /** What the peer does not hear now it finds out when the link goes on, when it is linked again, or when its lease ends. */
  async remove(signal: AbortSignal): Promise<void> {
    const { peer, calls, guest } = this.#options;
    this.#close();
    peer.guests.delete(guest);
    if (!this.#needed || peer.state !== 'up') return;
    try {
      await calls.remove(guest, true, signal);
    } catch (error) {
      if (WormholeError.is(error) && error.code === 'WH_ERR_WORMHOLE_NOT_FOUND') return;
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  #close(): void {
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'the wormhole is closed'));
    this.#following?.[Symbol.dispose]();
    for (const wish of this.#wishes) wish[Symbol.dispose]();
    this.#hearing[Symbol.dispose]();
  }

  #linked(link: LinkFacts | undefined): void {
    const { peer, way } = this.#options;
    if (this.#closed.signal.aborted) return;
    if (link === undefined && !way.needsLink) return;
    const before = this.#link;
    this.#link = link;
    // Another link to the same process: what runs there runs on, only the way is another; which may be forbidden.
    const free = this.#options.allow === undefined || before?.address === link?.address;
    if (free && link !== undefined && before?.instance === link.instance && this.member.here) {
      this.#arrived(link, this.member.told);
      return;
    }
    if (link === undefined || this.member.here) {
      const reason = link === undefined && peer.reason !== '' ? peer.reason : `peer ${peer.name} is not linked`;
      this.#left(new WormholeError('WH_ERR_PEER_UNREACHABLE', reason), { state: 'waiting', reason });
    }
    if (link !== undefined) void this.#makeAgain(link);
  }

  async #makeAgain(link: LinkFacts): Promise<void> {
    const { signal } = this.#closed;
    for (const delay of backOff(...RETRY_MS)) {
      if (signal.aborted || this.#link !== link || this.member.here) return;
      try {
        await this.#make(false, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn(
          { err: error, peer: this.#options.peer.name },
          'the rest of a wormhole cannot be made on its peer; trying again',
        );
        this.#left(error);
      }
      await pause(delay, signal).catch(() => undefined);
    }
  }

  /** One at a time; a second one waits for the first. */
  async #make(eager: boolean, signal: AbortSignal): Promise<void> {
    this.#making ??= this.#put(eager).finally(() => {
      this.#making = undefined;
    });
    await within(signal, this.#making);
  }

  async #put(eager: boolean): Promise<void> {
    const { peer, calls, guest, request, allow, way } = this.#options;
    const { signal } = this.#closed;
    const before = peer.guests.has(guest);
    const heard = this.#heard;
    // Not after: the roll that a new link begins with must have it.
    peer.guests.add(guest);
    try {
      const link = await peer.up(signal);
      // Somebody who may more may have made it.
      allow?.(literalOf(link.address));
      const prepared = await way.prepare(signal);
      if (!this.member.here) this.#hearing.on(link.number);
      const made = await calls.put(guest, { ...request, ...prepared.request, eager }, signal);
      // What was made in a process that has ended meanwhile is nowhere.
      if (peer.link !== undefined && peer.link.instance !== link.instance) throw restarted(peer.name);
      this.#address = prepared.address(guest, made);
      this.#confirmedAt = performance.now();
      if (signal.aborted || peer.link === undefined) return;
      this.#hearing.on(peer.link.number, true);
      // What was heard meanwhile may be newer than the answer, which took another way.
      this.#arrived(
        peer.link,
        this.member.here && this.#heard !== heard ? this.member.told : this.underway.after(made),
      );
    } catch (error) {
      if (!before) peer.guests.delete(guest);
      if (!this.member.here) this.#hearing[Symbol.dispose]();
      throw error;
    } finally {
      this.underway.hear(undefined);
    }
  }

  #arrived(link: LinkFacts, status: Status): void {
    this.#link = link;
    if (this.#address !== undefined) this.member.arrived(this.#address(link), status);
    this.#hearing.on(link.number);
    this.#changed();
  }

  #left(reason: unknown, status?: Status): void {
    this.#hearing[Symbol.dispose]();
    this.member.left(reason, status);
    this.#changed();
  }

  #hear(notice: Notice): void {
    this.#heard += 1;
    if (notice.state === 'deleted') this.#confirmedAt = Number.NEGATIVE_INFINITY;
    if (this.member.here) this.member.heard(farStatus(notice, this.#options.peer.name));
    else this.underway.hear(notice);
    this.#options.onStatus();
  }

  #changed(): void {
    this.#options.onChange().catch((err: unknown) => {
      this.#options.log.debug({ err }, 'the route of a wormhole that is being closed was not told');
    });
  }

  /** The peer's people may have deleted it. */
  async #confirm(signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#confirmedAt < BELIEVED_MS) return;
    await this.#make(false, signal);
  }
}

function restarted(peer: string): WormholeError {
  return new WormholeError('WH_ERR_PEER_UNREACHABLE', `peer ${peer} has restarted`);
}
