/**
 * Two machines with one id, as copies of a machine or of a state directory have: told apart from a daemon that restarted,
 * whose old link nobody answers on.
 *
 * Without this each of the two would end the link of the other one, for ever.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { Hello } from './hello.ts';
import type { Link } from './link.ts';

/** Milliseconds in which a process that lives answers. */
const answerMs = 2_000;

/** @throws {WormholeError} WH_ERR_PEER_EXISTS when another process of the same id lives */
export async function refuseTwin(link: Link, hello: Hello, all: readonly Link[]): Promise<void> {
  if (hello.role !== 'daemon') return;
  const others = all.filter((other) => other !== link && isTwin(other, link, hello));
  const alive = await Promise.all(others.map(answers));
  const living = others.find((_, i) => alive[i]);
  if (living === undefined) return;
  throw twin(`${living.hello?.name} at ${living.peer.address}, which is linked,`);
}

/** @param who it is that has the same id */
export function twin(who: string): WormholeError {
  return new WormholeError(
    'WH_ERR_PEER_EXISTS',
    `${who} has the same id: one of the two is a copy; stop one, remove peer-id from its state directory, and start it again`,
  );
}

/** One that is being closed is of a process that ends, and one without a connection of one that has ended, or is away. */
function isTwin({ hello, peer, open, session }: Link, link: Link, { host, instance }: Hello): boolean {
  const sameId = hello?.role === 'daemon' && hello.host === host && peer.identity === link.peer.identity;
  return sameId && hello.instance !== instance && open && session.connected;
}

function answers(link: Link): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), answerMs);
    const settle = (alive: boolean): void => {
      clearTimeout(late);
      resolve(alive);
    };
    link.ping().then(
      () => settle(true),
      () => settle(false),
    );
  });
}
