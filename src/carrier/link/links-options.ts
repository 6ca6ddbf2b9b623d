/** What all links of a process are made with, and whom they tell. */
import type { WormholeError } from '../../lib/errors.ts';
import type { DatagramSockets } from '../datagram/sockets.ts';
import type { LinkMemory } from '../memory.ts';
import type { CarrierPeer } from '../peer.ts';
import type { DialingTls } from '../secure-stream.ts';
import type { LinkCaps } from './admission.ts';
import type { Incoming } from './incoming.ts';
import type { Link } from './link.ts';
import type { Own } from './links.ts';

export interface LinksOptions {
  readonly own: Own;
  /** The only identity that may call itself `name`; undefined = anybody. */
  readonly ownerOf: (name: string) => string | undefined;
  /** Links at once; for tests. */
  readonly most?: LinkCaps;
  /** UDP sockets for datagrams; absent = they go over streams. */
  readonly sockets?: DatagramSockets;
  /** What they may hold; absent = by what this machine has. */
  readonly memory?: LinkMemory;
  /** Of node's TLS; for tests. */
  readonly recordsPerKey?: number;
  /** TLS with those that are dialed; absent = node's. */
  readonly tls?: DialingTls | undefined;
  readonly onUp: (link: Link) => void;
  /** Its connection is lost; another one is awaited. */
  readonly onLost: (link: Link, reason: string) => void;
  readonly onResumed: (link: Link) => void;
  readonly onDraining: (link: Link) => void;
  /** Of a link that was up. */
  readonly onOver: (link: Link, reason: WormholeError) => void;
  readonly onStream: (link: Link, incoming: Incoming) => void;
  /** A connection that became no link. */
  readonly onRefused: (peer: CarrierPeer, reason: string) => void;
}
