/**
 * Where the addresses of a peer lead: literals at once, each name when it is known, so that one whose servers do not answer
 * keeps nobody from the others.
 */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';

/** Host is a literal or a name; it is looked up with each dial. */
export interface PeerEndpoint {
  readonly host: string;
  readonly port: number;
}

/** All addresses of a name, the preferred one first. */
export type LookUp = (name: string) => Promise<readonly LookupAddress[]>;

/** Addresses that are tried. */
const maxAddresses = 16;

export class Endpoints {
  /** What is left of each address, in the order of preference; absent = not known yet. */
  readonly #left: (PeerEndpoint[] | undefined)[];
  readonly #failures: unknown[] = [];
  #taken = 0;

  /** @param onKnown whenever another name is known, or known to be unknown */
  constructor(addresses: readonly PeerEndpoint[], look: LookUp, signal: AbortSignal, onKnown: () => void) {
    this.#left = addresses.map(literal);
    for (const [i, address] of addresses.entries()) {
      if (this.#left[i] === undefined) void this.#lookUp(i, address, look, signal).then(onKnown);
    }
  }

  /** The one to try next, of those that are known. */
  take(): PeerEndpoint | undefined {
    if (this.#taken === maxAddresses) return undefined;
    const next = this.#left.find((some) => some !== undefined && some.length > 0)?.shift();
    if (next !== undefined) this.#taken += 1;
    return next;
  }

  /** The preferred address is not known yet. */
  get preferredIsLate(): boolean {
    return this.#left[0] === undefined;
  }

  /** There may be more of them later. */
  get incomplete(): boolean {
    return this.#taken < maxAddresses && this.#left.includes(undefined);
  }

  /** Why there is none: what the first address lacks that could not be looked up. */
  get failure(): unknown {
    const none = new WormholeError('WH_ERR_PEER_UNREACHABLE', 'it has no address');
    return this.#failures.find((one) => one !== undefined) ?? none;
  }

  async #lookUp(i: number, { host, port }: PeerEndpoint, look: LookUp, signal: AbortSignal): Promise<void> {
    try {
      // Nobody can call a look-up off; it is left to itself.
      const found = await within(signal, look(host));
      this.#left[i] = inTurns(found).map(({ address }) => ({ host: address, port }));
    } catch (cause) {
      this.#left[i] = [];
      this.#failures[i] = notResolved(host, cause);
    }
  }
}

function literal({ host, port }: PeerEndpoint): PeerEndpoint[] | undefined {
  const bare = host === '' ? '127.0.0.1' : host;
  return isIP(bare.split('%')[0] ?? '') === 0 ? undefined : [{ host: bare, port }];
}

/** Families in turns, as RFC 8305 §4 has it. */
function inTurns(found: readonly LookupAddress[]): LookupAddress[] {
  const six = found.filter(({ family }) => family === 6);
  const four = found.filter(({ family }) => family !== 6);
  const [first, second] = found[0]?.family === 6 ? [six, four] : [four, six];
  return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]])
    .flat()
    .filter((one) => one !== undefined);
}

function notResolved(host: string, cause: unknown): WormholeError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return new WormholeError(
    'WH_ERR_NAME_NOT_RESOLVED',
    `no address is known for the peer ${host} (${code}); is it spelled right? wormhole peers lists those that a daemon knows`,
    { cause },
  );
}
