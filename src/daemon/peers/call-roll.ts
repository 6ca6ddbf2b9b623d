/**
 * The roll: what this daemon still has at another one, told at each beginning of a link; the rest can go there.
 */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import type { Logger } from '../log.ts';
import type { GuestCalls } from './guest-calls.ts';
import type { Peer } from './peer.ts';

export interface RollOptions {
  readonly peers: readonly Pick<Peer, 'host' | 'state' | 'known' | 'guests'>[];
  readonly callsTo: (link: LinkFacts) => Pick<GuestCalls, 'roll'>;
  readonly log: Pick<Logger, 'debug'>;
}

/** Resolves also when it could not be told: the next link is another occasion. */
export async function callRoll(link: LinkFacts, { peers, callsTo, log }: RollOptions): Promise<void> {
  // Whom a dial under way finds is known only after its link is: what is asked of that one may be asked of this one.
  const there = peers.filter(
    ({ host, state, known: { identity } }) => identity === link.identity && (host === link.host || state === 'dialing'),
  );
  try {
    await callsTo(link).roll({ ids: there.flatMap(({ guests }) => [...guests]) });
  } catch (err) {
    log.debug({ err, peer: link.name }, 'a peer could not be told what this daemon has there');
  }
}
