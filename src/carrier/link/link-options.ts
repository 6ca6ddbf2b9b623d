/** What a link is made with, and whom it tells. */
import type { WormholeError } from '../../lib/errors.ts';
import type { LinkDatagrams } from '../datagram/link-datagrams.ts';
import type { LinkShare } from '../memory.ts';
import type { CarrierPeer } from '../peer.ts';
import type { ResumablePipe } from '../resume/resumable-pipe.ts';
import type { SecureStream } from '../secure-stream.ts';
import type { Hello } from './hello.ts';
import type { Incoming } from './incoming.ts';
import type { Link } from './link.ts';

export interface LinkUser {
  /** What this end says of itself, now. */
  hello(): Hello;
  /** The peer said who it is. @throws {WormholeError} why it is refused, in words for the peer */
  greeted(link: Link, hello: Hello): Promise<void>;
  onUp(link: Link): void;
  /** The peer opened a stream: accept or refuse it. */
  onStream(link: Link, incoming: Incoming): void;
  /** No more streams can be opened; those that are open go on. */
  onDraining(link: Link): void;
  /** Over, with all streams. Called once, also when it never was up. */
  onOver(link: Link, reason: WormholeError): void;
}

export interface LinkOptions {
  readonly number: number;
  /** This end dialed its first connection. */
  readonly dialed: boolean;
  readonly peer: CarrierPeer;
  readonly session: ResumablePipe;
  /** Where it is told what streams hold. */
  readonly memory: LinkShare;
  readonly user: LinkUser;
  readonly datagrams: LinkDatagrams;
  readonly connection: SecureStream;
  readonly quic: boolean;
}
