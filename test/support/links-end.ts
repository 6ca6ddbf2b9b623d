/**
 * Links over real TLS connections on 127.0.0.1: several processes' worth of them in one.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { defaultLimits } from '../../src/carrier/limits.ts';
import type { PeerTarget } from '../../src/carrier/link/dial.ts';
import type { Incoming } from '../../src/carrier/link/incoming.ts';
import type { Link } from '../../src/carrier/link/link.ts';
import { Links } from '../../src/carrier/link/links.ts';
import type { LinksOptions } from '../../src/carrier/link/links-options.ts';
import { secureToPeer } from '../../src/carrier/link/tls.ts';
import type { LinkMemory } from '../../src/carrier/memory.ts';
import type { OtherTls } from '../../src/carrier/secure-stream.ts';
import { CarrierServer } from '../../src/carrier/server.ts';

const key = randomBytes(32);
const identity = 'wormhole';
const never = new AbortController().signal;

export interface LinksEndOptions extends Partial<LinksOptions['own']> {
  readonly ownerOf?: LinksOptions['ownerOf'];
  readonly most?: LinksOptions['most'];
  readonly sockets?: LinksOptions['sockets'];
  readonly recordsPerKey?: number;
  readonly memory?: LinkMemory;
  /** TLS of its dials, and of who dials it; absent = node's. */
  readonly dialing?: OtherTls | undefined;
  readonly accepting?: OtherTls | undefined;
  /** What stands beside its links, e.g. lanes. */
  readonly beside?: (options: LinksOptions) => LinksOptions;
}

/** One daemon's links and its port, which an address of 127.0.0.1 leads to. */
export class LinksEnd implements AsyncDisposable {
  readonly told: string[] = [];
  readonly incoming: Incoming[] = [];
  readonly links: Links;
  readonly server: CarrierServer;
  port = 0;
  onUp: (link: Link) => void = () => undefined;
  onStream: (link: Link, incoming: Incoming) => void = (_link, incoming) => void this.incoming.push(incoming);

  constructor(name: string, options: LinksEndOptions = {}) {
    const {
      ownerOf = () => undefined,
      most,
      sockets,
      recordsPerKey,
      memory,
      dialing,
      accepting,
      beside,
      ...own
    } = options;
    const id = () => randomBytes(8).toString('hex');
    const alone: LinksOptions = {
      own: { role: 'daemon', instance: id(), host: id(), version: '1.0.0', name, ...own },
      ownerOf,
      ...(most !== undefined && { most }),
      ...(sockets !== undefined && { sockets }),
      ...(recordsPerKey !== undefined && { recordsPerKey }),
      ...(memory !== undefined && { memory }),
      onUp: (link) => {
        this.told.push(`up ${link.hello?.name}`);
        this.onUp(link);
      },
      onLost: () => void this.told.push('lost'),
      onResumed: () => void this.told.push('resumed'),
      onDraining: () => void this.told.push('draining'),
      onOver: (_link, reason) => void this.told.push(`over: ${reason.message}`),
      onRefused: (_peer, reason) => void this.told.push(`refused: ${reason}`),
      onStream: (link, incoming) => this.onStream(link, incoming),
      tls: dialing,
    };
    this.links = new Links(beside?.(alone) ?? alone);
    this.server = new CarrierServer({
      keys: [[identity, key]],
      limits: defaultLimits,
      openHttp: () => Promise.reject(new Error('no')),
      onEvent: () => {},
      onCarrier: (stream, peer) => this.links.accept(stream, peer),
      otherTls: () => Promise.resolve(accepting),
    });
  }

  async listen(): Promise<this> {
    const [address] = await this.server.listen([{ host: '127.0.0.1', port: 0 }]);
    this.port = address?.port ?? 0;
    return this;
  }

  /** A proved connection to `port`, and nothing said on it yet. */
  async connect(port: number): Promise<TLSSocket> {
    const raw = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(raw, 'connect');
    return await secureToPeer(raw, { identity, key }, never);
  }

  /** @param wishes `as`: the name it joins by; `quic`: its streams go by QUIC when both want it */
  dial(port: number, wishes: { readonly as?: string; readonly quic?: boolean } = {}): Promise<Link> {
    return this.links.dial(this.target([{ host: '127.0.0.1', port }]), { resumeMs: 30_000, ...wishes }, never);
  }

  /** What there is to know to dial any of these ends, at `addresses`. */
  target(addresses: PeerTarget['addresses']): PeerTarget {
    return { identity, proves: identity, key, addresses };
  }

  async close(): Promise<void> {
    await this.links.close(0);
    await this.server.close(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A port in front of `port` whose connections can be cut, or kept and carry nothing. @param at where it is; 0 = anywhere */
export async function breakable(
  port: number,
  at = 0,
): Promise<{ port: number; cut(): void; freeze(): void; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true });
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(a);
      a.on('error', () => b.destroy());
      a.on('close', () => void open.delete(a));
      a.pipe(b);
    }
  });
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const freeze = (): void => {
    for (const socket of open) socket.unpipe().pause();
  };
  return { port: (server.address() as { port: number }).port, cut, freeze, close: () => (cut(), void server.close()) };
}
