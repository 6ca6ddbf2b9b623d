/** How a guest on a peer is, in this daemon's words: asked for once, and heard from then on. */
import type { Notice } from '../../../carrier/link/notice.ts';
import type { Pull } from '../../../spec/api.ts';
import type { Notices, OnNotice } from '../../peers/notices.ts';
import type { Peer } from '../../peers/peer.ts';
import { type Status, UP } from '../../status.ts';
import type { Underway } from '../underway.ts';
import type { StatusOfLink } from './far-member.ts';
import type { FarWay } from './far-way.ts';

const DELETED = 'it was deleted there; the next connection has it made again';

/** @param peer its name here */
export function farStatus({ state, reason }: Pick<Notice, 'state' | 'reason'>, peer: string): Status {
  const words = reason === '' ? '' : `peer ${peer}: ${reason}`;
  switch (state) {
    case 'up':
    case 'draining':
      return UP;
    case 'deleted':
      return { state: 'waiting', reason: `peer ${peer}: ${DELETED}` };
    case 'idle':
    case 'starting':
      return { state, reason: words };
    default:
      return { state, reason: words === '' ? `peer ${peer}: ${state}` : words };
  }
}

/**
 * What a link does to the status of a guest, `here` being whether connections have a place to go to.
 *
 * Without a connection what was told last is not known to be so, unless the way goes on without the link. Without a link it
 * is why there is none, as far as that is known.
 */
export function linkStatus(
  peer: Pick<Peer, 'name' | 'link' | 'reason' | 'outage'>,
  { needsLink }: Pick<FarWay, 'needsLink'>,
): StatusOfLink {
  const { name } = peer;
  const waiting = (reason: string): Status => ({ state: 'waiting', reason });
  return (here) => {
    const lost = peer.outage.reason;
    if (here)
      return lost === '' || !needsLink ? undefined : waiting(`peer ${name} is lost: ${lost}; connections wait for it`);
    const { link, reason } = peer;
    if (link !== undefined || reason === '') return undefined;
    return waiting(reason.startsWith(`peer ${name}: `) ? reason : `peer ${name}: ${reason}`);
  };
}

/** What the peer tells of a guest that is being made. */
export class FarUnderway implements Underway {
  readonly #peer: string;
  #notice: Notice | undefined;

  /** @param peer its name here */
  constructor(peer: string) {
    this.#peer = peer;
  }

  get status(): Status | undefined {
    return this.#notice?.state === 'starting' ? farStatus(this.#notice, this.#peer) : undefined;
  }

  get pull(): Pull | undefined {
    return this.#notice?.pull;
  }

  /** @param notice undefined when it is not being made any more */
  hear(notice: Notice | undefined): void {
    this.#notice = notice;
  }

  /** Not being there, and being made, come before the answer, whenever that is heard. @param made the answer */
  after(made: Pick<Notice, 'state' | 'reason'>): Status {
    const { state } = this.#notice ?? { state: 'starting' };
    const last = state === 'starting' || state === 'deleted' ? made : (this.#notice ?? made);
    return farStatus(last, this.#peer);
  }
}

/** Hears of one guest on the link that leads to it at the moment. */
export class Hearing implements Disposable {
  readonly #follow: (link: number) => Disposable;
  #now: { readonly link: number; readonly following: Disposable } | undefined;

  constructor(follow: Notices['follow'], guest: string, onNotice: OnNotice) {
    this.#follow = (link) => follow(link, guest, onNotice);
  }

  /** From now on that link; the same again changes nothing, unless it was just `made`: nobody may say of before that it is not there. */
  on(link: number, made = false): void {
    if (this.#now?.link === link && !made) return;
    const before = this.#now;
    this.#now = { link, following: this.#follow(link) };
    before?.following[Symbol.dispose]();
  }

  /** On no link, until the next {@link on}. */
  [Symbol.dispose](): void {
    this.#now?.following[Symbol.dispose]();
    this.#now = undefined;
  }
}
