/** Who is let in on a link: judged once, when the peer has said who it is. */
import { WormholeError } from '../../lib/errors.ts';
import { usedUp } from '../memory.ts';
import type { Hello } from './hello.ts';
import type { Link } from './link.ts';
import { twin } from './twins.ts';

/** Links at once, up or about to be; those of one identity. A lost one counts until its session ends. */
export const maxLinks: LinkCaps = { all: 2_048, identity: 1_024 };

export interface LinkCaps {
  readonly all: number;
  readonly identity: number;
}

/** What a peer's word is held against. */
export interface Ground {
  readonly own: Pick<Hello, 'instance' | 'host'>;
  /** The only identity that may call itself `name`; undefined = anybody. */
  readonly ownerOf: (name: string) => string | undefined;
  /** Links hold for this identity nearly what they may. */
  readonly full: boolean;
  /** Links that are up. */
  readonly all: readonly Link[];
}

/** @throws {WormholeError} why this peer is not let in */
export function admit(link: Link, hello: Hello, { own, ownerOf, full, all }: Ground): void {
  if (hello.instance === own.instance) {
    throw new WormholeError('WH_ERR_SELF_PROXY', 'this address leads to the very daemon that dialed it');
  }
  if (hello.role === 'daemon' && hello.host === own.host) throw twin(`${hello.name} at ${link.peer.address}`);
  if (link.dialed) return;
  if (full) throw usedUp();
  const owner = ownerOf(hello.name);
  const stolen = owner !== undefined && owner !== link.peer.identity;
  if (stolen || (hello.insists && isTaken(link, hello, all))) {
    throw new WormholeError('WH_ERR_PEER_EXISTS', `another peer is called ${hello.name} here; join --as another name`);
  }
}

/** Who proved another key has another name, whatever it says, and a program is nobody's peer. */
function isTaken({ peer: { identity } }: Link, { name, host }: Hello, all: readonly Link[]): boolean {
  return all.some(
    ({ hello, peer }) =>
      peer.identity === identity && hello?.role === 'daemon' && hello.name === name && hello.host !== host,
  );
}

/** @param entries all links that there are @returns true when one more of `identity` would be too many */
export function isFull(identity: string, entries: Iterable<{ readonly link: Link }>, most = maxLinks): boolean {
  let all = 0;
  let its = 0;
  for (const { link } of entries) {
    all += 1;
    if (link.peer.identity === identity) its += 1;
  }
  return all >= most.all || its >= most.identity;
}
