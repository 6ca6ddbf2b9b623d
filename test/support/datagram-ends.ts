/**
 * Two ends of a datagram channel over real UDP sockets.
 *
 * The end that is dialed listens; the end that dials has a socket of its own. Each counts what it received, by flow.
 */
import { randomBytes } from 'node:crypto';
import { DatagramChannel } from '../../src/carrier/datagram/channel.ts';
import type { ChannelOptions } from '../../src/carrier/datagram/channel-options.ts';
import type { DatagramLimits } from '../../src/carrier/datagram/limits.ts';
import { DatagramSockets, type SocketAddress, type SocketMaker } from '../../src/carrier/datagram/sockets.ts';
import type { Role } from '../../src/carrier/resume/proof.ts';
import { kept } from '../../src/lib/volatile.ts';
import { until } from './relay-wait.ts';

export class RealEnd implements Disposable {
  readonly sockets: DatagramSockets;
  readonly channel: DatagramChannel;
  readonly received: [flow: number, payload: Buffer][] = [];
  readonly states: string[] = [];
  onDatagram: (flow: number, payload: Buffer) => void = (flow, payload) => this.received.push([flow, kept(payload)]);

  constructor(sockets: DatagramSockets, options: Pick<ChannelOptions, 'role' | 'secret'> & Partial<ChannelOptions>) {
    this.sockets = sockets;
    this.channel = new DatagramChannel({
      epoch: 1,
      onDatagram: (flow, payload) => this.onDatagram(flow, payload),
      onStateChange: (state) => this.states.push(state),
      onFlushDue: sockets.due,
      aead: sockets.aead,
      ...options,
    });
    sockets.add(this.channel);
  }

  direct(): Promise<true> {
    return until('the path is direct', () => this.channel.state === 'direct' || undefined);
  }

  [Symbol.dispose](): void {
    this.channel.close();
    this.sockets.remove(this.channel);
    this.sockets.close();
  }
}

export interface RealEnds extends Disposable {
  readonly dialer: RealEnd;
  readonly acceptor: RealEnd;
  /** Where the acceptor listens. */
  readonly address: SocketAddress;
}

export interface EndsOptions {
  /** Where the acceptor listens; the caller is where its sockets shall be made when `make` is called. */
  readonly listen: SocketAddress;
  readonly limits?: Partial<DatagramLimits>;
  /** Runs the making of one end's sockets where that end is. */
  readonly at?: (role: Role, make: () => RealEnd) => RealEnd;
  /** What the dialer sends to, if not to where the acceptor listens. */
  readonly through?: SocketAddress;
  readonly local?: string;
}

export function realEnds(maker: () => SocketMaker, options: EndsOptions): RealEnds {
  const { listen, limits = {}, at = (_role, make) => make(), through, local } = options;
  const secret = randomBytes(32);
  let address = listen;
  const acceptor = at('acceptor', () => {
    const sockets = new DatagramSockets(maker());
    ({ address } = sockets.listen(listen));
    return new RealEnd(sockets, { role: 'acceptor', secret, limits, ...(local === undefined ? {} : { local }) });
  });
  const dialer = at('dialer', () => {
    const sockets = new DatagramSockets(maker());
    return new RealEnd(sockets, { role: 'dialer', secret, limits, remote: sockets.towards(through ?? address) });
  });
  return {
    dialer,
    acceptor,
    address,
    [Symbol.dispose]: () => {
      dialer[Symbol.dispose]();
      acceptor[Symbol.dispose]();
    },
  };
}
