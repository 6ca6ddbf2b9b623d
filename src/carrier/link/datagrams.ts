/**
 * The datagrams of a link: flows that its streams stand for, and the channel over UDP beside it, where there is one.
 *
 * The channel belongs to the session: each connection of that gives it another epoch.
 */
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { DatagramChannel } from '../datagram/channel.ts';
import type { ChannelOptions, ChannelPath } from '../datagram/channel-options.ts';
import { DatagramFlows } from '../datagram/flows.ts';
import { datagramSecretOf } from '../datagram/keys.ts';
import type { DatagramSockets } from '../datagram/sockets.ts';
import type { ResumablePipe } from '../resume/resumable-pipe.ts';

export class LinkDatagrams {
  readonly flows = new DatagramFlows();
  readonly #sockets: DatagramSockets | undefined;
  #channel: DatagramChannel | undefined;
  #epoch = 0;
  /** What the channel will be made of. */
  #first: (ChannelPath & Pick<ChannelOptions, 'role' | 'secret' | 'epoch'>) | undefined;

  /** @param sockets of this thread; undefined = datagrams go over streams */
  constructor(sockets: DatagramSockets | undefined) {
    this.#sockets = sockets;
  }

  /** How datagrams travel now. */
  get path(): 'udp' | 'stream' {
    return this.#channel?.state === 'direct' ? 'udp' : 'stream';
  }

  /**
   * The session goes over this connection now.
   *
   * @param dialed this end dialed it, and so knows where the peer's datagrams may be sent to
   */
  connected(stream: TLSSocket, session: Pick<ResumablePipe, 'role' | 'epochs'>, dialed: boolean): void {
    const epoch = session.epochs.current;
    if (this.#sockets === undefined || epoch <= this.#epoch) return;
    this.#epoch = epoch;
    const path = dialed ? this.#towards(stream) : this.#from(stream);
    const secret = datagramSecretOf(stream);
    if (this.#channel !== undefined) this.#channel.newEpoch(secret, epoch, path);
    else this.#first ??= { role: session.role, secret, epoch, ...path };
  }

  /** It is known who is there, and that this is not oneself: whose session could not be told from this one. */
  begin(): void {
    const sockets = this.#sockets;
    if (sockets === undefined || this.#first === undefined || this.#channel !== undefined) return;
    const { deliver: onDatagram } = this.flows;
    this.#channel = new DatagramChannel({ ...this.#first, onDatagram, onFlushDue: sockets.due });
    this.#first = undefined;
    this.flows.channel = this.#channel;
    sockets.add(this.#channel);
  }

  close(): void {
    if (this.#channel === undefined) return;
    this.flows.channel = undefined;
    this.#sockets?.remove(this.#channel);
    this.#channel.close();
    this.#channel = undefined;
  }

  #towards({ remoteAddress, remotePort }: TLSSocket): ChannelPath {
    const host = bare(remoteAddress);
    if (this.#sockets === undefined || isIP(host) === 0 || remotePort === undefined) return {};
    try {
      return { remote: this.#sockets.towards({ host, port: remotePort }) };
    } catch {
      // No socket to be had: datagrams go over streams.
      return {};
    }
  }

  #from({ localAddress }: TLSSocket): ChannelPath {
    const local = bare(localAddress);
    return isIP(local) === 0 ? {} : { local };
  }
}

/** IPv4 that came through an IPv6 socket is IPv4. */
function bare(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
