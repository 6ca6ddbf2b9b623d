/** What {@link Links} has of each link. */
import type { WormholeError } from '../../lib/errors.ts';
import type { LinkShare } from '../memory.ts';
import type { CarrierPeer } from '../peer.ts';
import type { ResumablePipe } from '../resume/resumable-pipe.ts';
import type { SecureStream } from '../secure-stream.ts';
import type { Link } from './link.ts';
import type { Redialing } from './redialing.ts';

/** One that there is. */
export interface Entry {
  readonly link: Link;
  readonly memory: LinkShare;
  redialing: Redialing | undefined;
  /** Resolves or rejects who dialed it. */
  settle: { resolve: (link: Link) => void; reject: (error: WormholeError) => void } | undefined;
}

/** What one is made of, whichever end dialed. */
export interface Begun {
  readonly session: ResumablePipe;
  readonly memory: LinkShare;
  readonly stream: SecureStream;
  readonly peer: CarrierPeer;
}
