/** The operations of the control API that are about peers and their guests. */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import type { CarrierLinks } from '../../carrier/listener.ts';
import type { PingAnswer, Peer as Shape } from '../../spec/api.ts';
import type { Caller, Operations } from '../api/operations.ts';
import type { Pair } from '../invited/pairs.ts';
import type { Policies } from '../policy/policies.ts';
import { readAddress } from '../read-address.ts';
import { describeClient, describeInvited, describePeer } from './describe.ts';
import type { Guests } from './guests.ts';
import type { Joins } from './joins.ts';
import type { Peer } from './peer.ts';
import { type Peers, peerName } from './peers.ts';
import { pingOnLink } from './ping.ts';

export interface OperatePeersOptions {
  /** What this daemon calls itself. */
  readonly name: string;
  readonly peers: Peers;
  readonly joins: Joins;
  readonly guests: Guests;
  /** Invitations that nobody has come with. */
  readonly invited: () => readonly Pair[];
  /** Of a host that was invited, or has invited this one; false for others. */
  readonly forget: (peer: Peer) => Promise<boolean>;
  readonly links: Pick<CarrierLinks, 'facts' | 'kick' | 'openApi'>;
  readonly policies: Pick<Policies, 'peer'>;
}

export interface PeerOperations
  extends Pick<Operations, 'peers' | 'join' | 'leave' | 'kick' | 'putGuest' | 'guest' | 'removeGuest' | 'rollGuests'> {
  /** @throws {WormholeError} why the peer cannot be reached; WH_ERR_POLICY when a peer asks and may not */
  pingPeer(address: string, payload: string, caller: Caller): Promise<PingAnswer>;
}

export function peerOperations(options: OperatePeersOptions): PeerOperations {
  const { name, peers, joins, guests, invited, forget, links, policies } = options;
  const now = async (link: LinkFacts | undefined): Promise<LinkFacts | undefined> =>
    link === undefined ? undefined : await links.facts(link.number).catch(() => link);
  const describe = async (peer: Peer): Promise<Shape> => {
    const facts = await now(peer.link);
    return describePeer(peer, facts, facts === undefined ? 0 : guests.count(facts));
  };
  const clients = (): readonly LinkFacts[] => peers.links.filter(({ role }) => role === 'client');
  const describeProgram = async (link: LinkFacts): Promise<Shape> =>
    describeClient((await now(link)) ?? link, guests.count(link));
  return {
    async peers() {
      const all = await Promise.all([...peers.list.map(describe), ...clients().map(describeProgram)]);
      return { name, peers: [...all, ...invited().map(describeInvited)] };
    },
    join: async ({ address, as, wait = true }, { signal }) =>
      await describe(await joins.join({ address, ...(as !== undefined && { as }) }, wait, signal)),
    async leave(left) {
      const peer = peers.find(left);
      if (peer !== undefined && (await forget(peer))) return await describe(peer);
      return await describe(await joins.leave(left));
    },
    async kick(kicked) {
      // Several may run on one host, under one name.
      const programs = clients().filter(({ name: other }) => other === kicked);
      for (const link of programs) await links.kick(link.number);
      if (programs[0] !== undefined) return await describeProgram(programs[0]);
      const peer = peers.find(kicked) ?? peers.named(peerName(readAddress(kicked)));
      if (peer.link !== undefined) await links.kick(peer.link.number);
      return await describe(peer);
    },
    putGuest: (id, request, caller) => guests.put(id, request, caller),
    guest: (id, caller) => guests.get(id, caller),
    removeGuest: (id, query, caller) => guests.remove(id, query.now === 'true', caller),
    pingPeer: (address, payload, caller) => pingOnLink({ address, payload }, { peers, links, policies }, caller),
    rollGuests: (roll, caller) => guests.roll(roll, caller),
  };
}
