/**
 * How connections get to a guest of a peer: in streams of the link, or through a tunnel to a listener of its own.
 */
import type { LinkFacts } from '../../../carrier/link/facts.ts';
import { WormholeError } from '../../../lib/errors.ts';
import type { UpstreamAddress } from '../../../proxy/route.ts';
import type { Guest, GuestRequest } from '../../../spec/api.ts';

/** Where a guest is, by the link that leads to its peer now. */
export type FarAddress = (link: LinkFacts) => UpstreamAddress;

export interface FarWay {
  /** As it is written before the peer. */
  readonly word: 'remote' | 'tunnel' | 'udptunnel';
  /** It ends with the link. */
  readonly needsLink: boolean;
  /** Makes what it takes, and says what the guest has to know of it. @throws {WormholeError} */
  prepare(signal: AbortSignal): Promise<Prepared>;
}

export interface Prepared {
  readonly request: Pick<GuestRequest, 'tunnel'>;
  /** Throws WH_ERR_PROTOCOL when the guest says that it is somewhere else. */
  readonly address: (guest: string, made: Pick<Guest, 'url'>) => FarAddress;
}

/** @param hops peers that a connection has come through, with this one */
export function linkWay(hops: number): FarWay {
  const address: Prepared['address'] = (guest) => (link) => ({ kind: 'link', link: link.number, guest, hops });
  return { word: 'remote', needsLink: true, prepare: () => Promise.resolve({ request: {}, address }) };
}

/** @param ensure makes the tunnel; `remote` is the overlay address of the peer's end */
export function tunnelWay(
  word: 'tunnel' | 'udptunnel',
  ensure: (signal: AbortSignal) => Promise<{ readonly remote: string }>,
): FarWay {
  return {
    word,
    needsLink: false,
    prepare: async (signal) => {
      const { remote } = await ensure(signal);
      const address: Prepared['address'] = (_, { url }) => {
        const [, host, digits] = /^[a-z]+:\/\/([0-9.]+):([0-9]{1,5})$/.exec(url) ?? [];
        const port = Number(digits);
        // A peer must not lead this host to what it likes.
        if (host === remote && port > 0 && port <= 65_535) return () => ({ kind: 'ip', host, port });
        const where = url === '' ? 'nowhere yet' : `at ${url}`;
        throw new WormholeError('WH_ERR_PROTOCOL', `what the peer runs listens ${where}, not on ${remote}`);
      };
      return { request: { tunnel: true }, address };
    },
  };
}
