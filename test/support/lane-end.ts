/**
 * One daemon's worth of links with lanes beside them, in this process, over real TLS and UDP on 127.0.0.1.
 */
import { randomBytes } from 'node:crypto';
import { Lanes } from '../../src/carrier/lane/lanes.ts';
import type { Link } from '../../src/carrier/link/link.ts';
import type { LinkMemory } from '../../src/carrier/memory.ts';
import type { QuicAddress, QuicEngine } from '../../src/carrier/quic/engine.ts';
import { quicheEngine } from '../../src/carrier/quic/quiche-engine.ts';
import { LinksEnd } from './links-end.ts';

/** Answers each stream with its own bytes. */
export class LaneEnd extends LinksEnd {
  readonly host: string;
  readonly lanes: Lanes;
  /** What its streams go by, from the first change on. */
  readonly carriers: string[] = [];
  readonly refused: string[] = [];
  listens: QuicAddress = { host: '127.0.0.1', port: 0 };

  constructor(
    name: string,
    wants = true,
    engine: () => Promise<QuicEngine> = () => quicheEngine(),
    memory?: LinkMemory,
  ) {
    const host = randomBytes(8).toString('hex');
    const lanes: Lanes = new Lanes({
      host,
      wants: () => wants,
      addressFor: () => this.listens,
      onChange: (_link, carrier, reason) => void this.carriers.push(`${carrier}${reason === '' ? '' : `: ${reason}`}`),
      onRefused: (_address, reason) => void this.refused.push(reason),
      engine,
    });
    super(name, { host, beside: (options) => lanes.beside(options), ...(memory !== undefined && { memory }) });
    this.host = host;
    this.lanes = lanes;
    this.onStream = (_link, incoming) => {
      const stream = incoming.accept();
      stream.pipe(stream);
    };
  }

  override dial(port: number, { quic = true } = {}): Promise<Link> {
    return super.dial(port, { quic });
  }

  override async close(): Promise<void> {
    await this.links.close(0);
    await this.lanes.close();
    await this.server.close(0);
  }
}
