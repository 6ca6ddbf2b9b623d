/**
 * One daemon's worth of links with lanes beside them, in this process, over real TLS and UDP on 127.0.0.1.
 */
import { randomBytes } from 'node:crypto';
import { Lanes } from '../../src/carrier/lane/lanes.ts';
import { defaultLimits } from '../../src/carrier/limits.ts';
import type { Incoming } from '../../src/carrier/link/incoming.ts';
import type { Link } from '../../src/carrier/link/link.ts';
import { Links } from '../../src/carrier/link/links.ts';
import type { LinksOptions } from '../../src/carrier/link/links-options.ts';
import type { QuicAddress, QuicEngine } from '../../src/carrier/quic/engine.ts';
import { quicheEngine } from '../../src/carrier/quic/quiche-engine.ts';
import { CarrierServer } from '../../src/carrier/server.ts';

const key = randomBytes(32);
const identity = 'wormhole';
const never = new AbortController().signal;

/** Its links, its lanes and its port. */
export class LaneEnd {
  readonly host = randomBytes(8).toString('hex');
  readonly told: string[] = [];
  readonly refused: string[] = [];
  readonly links: Links;
  readonly lanes: Lanes;
  readonly server: CarrierServer;
  port = 0;
  listens: QuicAddress = { host: '127.0.0.1', port: 0 };
  onStream = (_link: Link, incoming: Incoming): void => {
    const stream = incoming.accept();
    stream.pipe(stream);
  };

  constructor(name: string, wants = true, engine: () => Promise<QuicEngine> = () => quicheEngine()) {
    this.lanes = new Lanes({
      host: this.host,
      wants: () => wants,
      addressFor: () => this.listens,
      onChange: (_link, carrier, reason) => void this.told.push(`${carrier}${reason === '' ? '' : `: ${reason}`}`),
      onRefused: (_address, reason) => void this.refused.push(reason),
      engine,
    });
    const options: LinksOptions = {
      own: { role: 'daemon', instance: randomBytes(8).toString('hex'), host: this.host, version: '1.0.0', name },
      ownerOf: () => undefined,
      onUp: () => {},
      onLost: () => {},
      onResumed: () => {},
      onDraining: () => {},
      onOver: () => {},
      onRefused: () => {},
      onStream: (link, incoming) => this.onStream(link, incoming),
    };
    this.links = new Links(this.lanes.beside(options));
    this.server = new CarrierServer({
      keys: [[identity, key]],
      limits: defaultLimits,
      openHttp: () => Promise.reject(new Error('no')),
      onEvent: () => {},
      onCarrier: (stream, peer) => this.links.accept(stream, peer),
    });
  }

  async listen(): Promise<this> {
    const [address] = await this.server.listen([{ host: '127.0.0.1', port: 0 }]);
    this.port = address?.port ?? 0;
    return this;
  }

  dial(port: number, quic = true): Promise<Link> {
    const target = { identity, proves: identity, key, addresses: [{ host: '127.0.0.1', port }] };
    return this.links.dial(target, { resumeMs: 30_000, quic }, never);
  }

  async close(): Promise<void> {
    await this.links.close(0);
    await this.lanes.close();
    await this.server.close(0);
  }
}
