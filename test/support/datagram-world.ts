/**
 * Two ends of a datagram channel, and a network that the test carries packets through by hand.
 *
 * The end that dialed knows where the other is; the other learns it. `settle` carries everything both ways; a test that
 * wants less takes packets out of `network` itself.
 */
import { DatagramChannel } from '../../src/carrier/datagram/channel.ts';
import type { ChannelOptions } from '../../src/carrier/datagram/channel-options.ts';
import type { DatagramLimits } from '../../src/carrier/datagram/limits.ts';
import type { PacketOwner, Remote, Source } from '../../src/carrier/datagram/remote.ts';
import type { Role } from '../../src/carrier/resume/proof.ts';
import { FakeClock } from './fake-pipe.ts';

/** A packet under way. */
export interface Flying {
  readonly from: string;
  readonly to: string;
  readonly packet: Buffer;
}

export class FakeNetwork {
  flying: Flying[] = [];
  /** The largest packet that is carried; larger ones vanish. */
  mtu = Infinity;
  /** The largest packet that leaves at all. */
  limit = Infinity;

  remote(from: string, to: string): Remote {
    const send = (packet: Buffer, owner: PacketOwner): void => {
      if (packet.length > this.limit) owner.tooLarge(packet.length);
      else if (packet.length <= this.mtu) this.flying.push({ from, to, packet: Buffer.from(packet) });
    };
    const remote = { address: to, send, from: () => remote };
    return remote;
  }

  source(at: string, from: string): Source {
    return { is: (remote) => remote.address === from, remote: () => this.remote(at, from) };
  }

  /** Everything under way, which is under way no longer. */
  take(): Flying[] {
    const { flying } = this;
    this.flying = [];
    return flying;
  }
}

/** One end, and what it has seen. */
export interface End {
  readonly channel: DatagramChannel;
  address: string;
  readonly received: [flow: number, payload: Buffer][];
  readonly states: string[];
}

export const secretOf = (epoch: number): Buffer => Buffer.alloc(32, epoch);

export function datagramWorld(limits: Partial<DatagramLimits> = {}) {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const due = new Set<DatagramChannel>();

  const end = (role: Role, address: string, options: Partial<ChannelOptions> = {}): End => {
    const received: [number, Buffer][] = [];
    const states: string[] = [];
    const channel = new DatagramChannel({
      role,
      secret: secretOf(1),
      epoch: 1,
      onDatagram: (flow, payload) => received.push([flow, payload]),
      onStateChange: (state) => states.push(state),
      onFlushDue: (channel) => due.add(channel),
      limits,
      clock,
      ...options,
    });
    return { channel, address, received, states };
  };

  const acceptor = end('acceptor', 'far');
  const dialer = end('dialer', 'near', { remote: network.remote('near', 'far') });

  const flush = (): void => {
    for (const channel of due) channel.flush();
    due.clear();
  };

  /** Hands a packet to the end that has its address, if any. */
  const deliver = ({ from, to, packet }: Flying): void => {
    for (const { address, channel } of [dialer, acceptor]) {
      if (address === to) channel.receive(packet, network.source(address, from));
    }
  };

  /** Carries until nothing is under way. @param keep those that arrive */
  const settle = (keep: (flying: Flying) => boolean = () => true): void => {
    for (flush(); network.flying.length > 0; flush()) network.take().filter(keep).forEach(deliver);
  };

  /** Lets time pass, with everything carried. */
  const pass = (ms: number, keep?: (flying: Flying) => boolean): void => {
    for (let left = ms; left > 0; left -= 250) {
      clock.pass(Math.min(left, 250));
      settle(keep);
    }
  };

  return { clock, network, dialer, acceptor, flush, deliver, settle, pass };
}
