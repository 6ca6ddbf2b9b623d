/**
 * A portable data plane whose clients are brought and whose targets are links, with everything that it was asked for.
 */
import type { Duplex } from 'node:stream';
import type { ByteStream, StandsOnByteStream } from '../../src/lib/byte-stream.ts';
import type { Client, JoinEnd } from '../../src/proxy/portable/client.ts';
import { type PortableDataPlane, startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import type { PortableRoute } from '../../src/proxy/portable/portable-route.ts';
import type { Pump } from '../../src/proxy/portable/pump.ts';
import { Raw } from '../../src/proxy/portable/raw.ts';
import type { LinkAddress, Ways } from '../../src/proxy/portable/ways.ts';
import type { ConnectionRecord, RouteOptions, UpstreamTarget } from '../../src/proxy/route.ts';
import { until } from './relay-wait.ts';
import { plainRoute } from './route-options.ts';
import type { StreamPairs } from './stream-pair.ts';

/** Where brought clients say that they come from. */
export const FROM = '10.1.2.3:4567';
/** A target at the end of a link. */
export const link: UpstreamTarget = {
  member: 0,
  label: 'db@peer',
  address: { kind: 'link', link: 7, guest: 'db', hops: 2 },
};

/** What the plane asked of a link; the test answers. */
interface Dialed {
  readonly address: LinkAddress;
  readonly from: string;
  readonly signal: AbortSignal;
  readonly answer: (stream: Duplex) => void;
  readonly refuse: (error: Error) => void;
}

/** See the module header. */
export class LinkWorld implements AsyncDisposable {
  readonly dialed: Dialed[];
  readonly records: ConnectionRecord[] = [];
  readonly #pairs: StreamPairs;
  readonly #plane: PortableDataPlane;

  private constructor(pairs: StreamPairs, plane: PortableDataPlane, dialed: Dialed[]) {
    this.#pairs = pairs;
    this.#plane = plane;
    this.dialed = dialed;
  }

  /** @param pairs owned from now on @param pump with it connections go the short way, where they can; streams are of a mux then */
  static async make(pairs: StreamPairs, pump?: Pump): Promise<LinkWorld> {
    const dialed: Dialed[] = [];
    const plane = await startPortableDataPlane({
      pump,
      ...(pump !== undefined && shortWays(dialed)),
      link: (address, from, signal) =>
        new Promise((answer, refuse) => dialed.push({ address, from, signal, answer, refuse })),
    });
    return new LinkWorld(pairs, plane, dialed);
  }

  async open(targets: readonly UpstreamTarget[], options: Partial<RouteOptions> = {}): Promise<PortableRoute> {
    const route = await this.#plane.open({
      ...plainRoute,
      onClosed: (record) => this.records.push(record),
      ...options,
    });
    if (options.ask === undefined) await route.retarget({ targets, validForMs: Number.POSITIVE_INFINITY });
    return route;
  }

  /** Brings a client to the route. @returns the far end of its stream */
  async taken(route: PortableRoute): Promise<Duplex> {
    const [near, far] = await this.pair();
    route.take(clientOf(near));
    return far;
  }

  pair(): Promise<[Duplex, Duplex]> {
    return this.#pairs.pair();
  }

  /** The n-th connection to end. */
  record(n = 0): Promise<ConnectionRecord> {
    return until(`connection ${n} was recorded`, () => this.records[n]);
  }

  /** The n-th question to a link. */
  dial(n = 0): Promise<Dialed> {
    return until('the link was dialed', () => this.dialed[n]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plane[Symbol.asyncDispose]();
    this.#pairs[Symbol.dispose]();
  }
}

/** What the fast lane needs. Streams that the test answers with are taken apart, as those of a link are whole. */
function shortWays(dialed: Dialed[]): Pick<Ways, 'raw' | 'openLink'> {
  return {
    raw: new Raw(),
    openLink: (address, from, user) => {
      const left = new AbortController();
      dialed.push({
        address,
        from,
        signal: left.signal,
        answer: (stream) => {
          if (left.signal.aborted) return void stream.destroy();
          const { stream: bytes, early } = bytesOf(stream);
          user.onYes(bytes, Buffer.concat(early));
        },
        refuse: (error) => user.onNo(error),
      });
      const nothing = { ended: false, endSent: false, closed: false, read: () => undefined, readNow: () => undefined };
      const deaf = { attach() {}, write: () => true, writeNow: () => true, end() {} };
      return { stream: { ...nothing, ...deaf, reset: () => left.abort() }, early: false };
    },
  };
}

function bytesOf(stream: Duplex): { readonly stream: ByteStream; readonly early: readonly Buffer[] } {
  const released = (stream as unknown as StandsOnByteStream).release();
  if (released === undefined) throw new Error('the stream cannot be taken apart');
  return released;
}

/** A client that a peer brings; one that is not served is destroyed. @param told what it is told is added to that */
export function clientOf(stream: Duplex, told: Array<'dialed' | JoinEnd> = []): Client {
  return {
    stream,
    from: FROM,
    ...('release' in stream && {
      bytes: () => {
        told.push('dialed');
        const { stream: bytes, early } = bytesOf(stream);
        return { stream: bytes, early: Buffer.concat(early) };
      },
    }),
    dialed: () => void told.push('dialed'),
    failed: (end) => {
      told.push(end);
      stream.destroy();
    },
  };
}
