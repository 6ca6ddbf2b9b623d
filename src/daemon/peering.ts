/**
 * Everything about other hosts, put together: the carrier, the peers, what runs here for them, and what is asked of them.
 */
import type { LinkFacts } from '../carrier/link/facts.ts';
import type { CarrierListener } from '../carrier/listener.ts';
import { WormholeError } from '../lib/errors.ts';
import { Scope } from '../lib/scope.ts';
import type { Secret } from '../lib/secret.ts';
import { commonIdentity } from '../lib/tls-profile.ts';
import type { InvitationAccepted } from '../spec/api.ts';
import type { Api } from './api/server.ts';
import { abroadOf, type CarrierAbroad } from './carrier/abroad.ts';
import type { PeerSettings } from './config/peers.ts';
import type { Settings } from './config/settings.ts';
import type { Events } from './events.ts';
import { Invitations } from './invited/invitations.ts';
import { Pairs } from './invited/pairs.ts';
import type { Logger } from './log.ts';
import { callRoll } from './peers/call-roll.ts';
import { Guests } from './peers/guests.ts';
import { Joins } from './peers/joins.ts';
import type { KnownPeer } from './peers/known-peer.ts';
import { type PeerOperations, peerOperations } from './peers/operate-peers.ts';
import type { Owner } from './peers/owner.ts';
import { peerCall } from './peers/peer-call.ts';
import { Peers } from './peers/peers.ts';
import { watchGuests } from './peers/watch-guests.ts';
import type { Policies } from './policy/policies.ts';
import type { Registry } from './registry/registry.ts';
import { eventOf } from './registry/telling.ts';
import type { Surroundings } from './surroundings.ts';

/** Milliseconds that a session waits for another connection. */
const RESUME_MS = 30_000;
/** Milliseconds that links have beyond the connections on them. */
const CLOSE_MS = 500;

export interface PeeringOptions {
  readonly settings: Pick<Settings, 'tcp' | 'stateDir' | 'name' | 'peers'>;
  /** Of this process, and of this daemon. */
  readonly instance: string;
  readonly host: string;
  readonly version: string;
  /** PSK identity → key, the common one among them. @throws {WormholeError} WH_ERR_KEY_FILE */
  readonly keys: () => ReadonlyMap<string, Secret>;
  readonly policies: Pick<Policies, 'judge' | 'peer'>;
  readonly registry: () => Registry;
  readonly events: Pick<Events, 'listen'>;
  readonly admit: Api['admit'];
  /** See `proxy/passing.ts`. */
  readonly passing: SharedArrayBuffer;
  readonly log: Logger;
  readonly onFailure: (error: WormholeError) => void;
  /** Containers of guests of an earlier life are nobody's any more. */
  readonly onLeftBehind: () => void;
  readonly tunnel: Surroundings['abroad']['tunnel'];
  /** Overlay address of this end of a tunnel with a peer. @throws {WormholeError} WH_ERR_TUNNEL_NOT_FOUND */
  readonly overlayWith: (owner: Owner) => string;
  /** See `invitations.ts`. */
  readonly onStranger: (identity: string) => Promise<void>;
  /** A daemon is linked, perhaps once more. */
  readonly onHost: (link: LinkFacts) => void;
}

export interface Peering extends AsyncDisposable {
  readonly abroad: CarrierAbroad;
  readonly peers: Peers;
  readonly guests: Guests;
  readonly operations: PeerOperations;
  readonly links: Pick<CarrierListener['links'], 'openApi'>;
  readonly invitations: Invitations;
  /** Joins again the peers of before, in the background. */
  restore(): void;
  /** Dials nobody, and takes no more connections and streams; those that are open go on. */
  stop(): Promise<void>;
}

export function peeringOf(options: PeeringOptions): Peering {
  const { settings, instance, host, version, keys, registry, admit, log, onFailure } = options;
  const { name } = settings;
  const scope = new Scope('peers');
  const guests = scope.use(
    new Guests({
      registry: {
        host: (...made) => registry().host(...made),
        list: () => registry().list(),
        get: (id) => registry().get(id),
        remove: (...what) => registry().remove(...what),
      },
      policies: options.policies,
      overlayWith: options.overlayWith,
      log,
      onLeftBehind: options.onLeftBehind,
    }),
  );
  const openApi: CarrierListener['links']['openApi'] = async (link, signal) =>
    await (await links()).openApi(link, signal);
  const invitations: Invitations = new Invitations({
    pairs: new Pairs(settings.stateDir),
    name,
    peers: () => peers,
    accept: async (peer, publicKey, signal) => {
      const request = { method: 'POST', target: '/v1/invitations/accept', json: { publicKey } } as const;
      const { attach } = await peerCall(peer, { openApi })<InvitationAccepted>(
        request,
        { accepted: 'anything' },
        { signal },
      );
      if (attach === undefined || (typeof attach === 'string' && /^.{1,255}$/u.test(attach))) return attach;
      throw new WormholeError('WH_ERR_PROTOCOL', 'the host that invites names no container');
    },
    onKeys: async () => {
      try {
        await (await abroad.carrier()).replaceKeys(allKeys());
      } catch (err) {
        log.error({ err }, 'the keys of invited hosts could not be changed');
      }
    },
    onStranger: options.onStranger,
    log,
  });
  const allKeys = (): ReadonlyMap<string, Secret> => new Map([...keys(), ...invitations.keys]);
  const abroad: CarrierAbroad = abroadOf({
    addresses: settings.tcp,
    keys: allKeys,
    own: { role: 'daemon', instance, host, name, version },
    names: settings.peers.flatMap((peer) => (peer.keyFile === undefined ? [] : [[peer.name, peer.name]])),
    quic: settings.peers.flatMap((peer) =>
      peer.carrier === 'quic' ? [{ name: peer.name, identity: identityOf(peer) }] : [],
    ),
    admit,
    passing: options.passing,
    log,
    onFailure,
    onLink: (link, change) => peers.changed(link, change),
    ownerOf: (guest) => guests.ownerOf(guest)?.identity,
    watchGuests: watchGuests(guests, options.events, () => registry().list().map(eventOf)),
    peers: () => peers,
    tunnel: options.tunnel,
  });
  scope.defer(() => abroad.close(CLOSE_MS));
  const links = async (): Promise<CarrierListener['links']> => (await abroad.carrier()).links;
  const peers: Peers = scope.use(
    new Peers({
      configured: settings.peers.map((peer) => knownPeer(peer, name, keys)),
      common: {
        identity: commonIdentity,
        ownIdentity: commonIdentity,
        key: () => keyFrom(keys, commonIdentity),
        resumeMs: RESUME_MS,
      },
      dial: async (target, how, signal) => await (await links()).dial(target, how, signal),
      end: (link) =>
        void links()
          .then((all) => all.end(link, false))
          .catch(() => undefined),
      guests: (link) => guests.count(link),
      log,
      onHost: (link) => {
        guests.back(link);
        void callRoll(link, { peers: peers.list, callsTo: (to) => abroad.callsTo(to), log });
        options.onHost(link);
      },
      onHostGone: (link) => guests.gone(link, link.role === 'client'),
    }),
  );
  const joins = scope.use(new Joins(settings.stateDir, peers, log));
  return {
    links: { openApi },
    invitations,
    abroad,
    peers,
    guests,
    operations: peerOperations({
      name,
      peers,
      joins,
      guests,
      invited: () => invitations.pending,
      forget: (peer) => invitations.forget(peer),
      links: {
        facts: async (link) => await (await links()).facts(link),
        kick: async (link) => await (await links()).kick(link),
        openApi,
      },
      policies: options.policies,
    }),
    restore() {
      invitations.restore();
      joins.restore();
    },
    async stop() {
      // First: a link that is being closed would be made anew.
      peers.stop();
      await abroad.stop();
    },
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}

/** A peer that the configuration names. @param own what this daemon calls itself */
function knownPeer(peer: PeerSettings, own: string, keys: () => ReadonlyMap<string, Secret>): KnownPeer {
  const { name, addresses, keyFile, carrier, resumeMs } = peer;
  const identity = identityOf(peer);
  return {
    name,
    addresses: addresses.flatMap((address) => (address.kind === 'tcp' ? [address] : [])),
    identity,
    // The peer knows this daemon by its name, where both have a key that is theirs alone.
    ownIdentity: keyFile === undefined ? commonIdentity : own,
    key: () => keyFrom(keys, identity),
    resumeMs,
    quic: carrier === 'quic',
    source: 'config',
  };
}

function identityOf({ name, keyFile }: PeerSettings): string {
  return keyFile === undefined ? commonIdentity : name;
}

function keyFrom(keys: () => ReadonlyMap<string, Secret>, identity: string): Secret {
  const key = keys().get(identity);
  if (key === undefined) throw new WormholeError('WH_ERR_KEY_FILE', `there is no key for ${identity}`);
  return key;
}
