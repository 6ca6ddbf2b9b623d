/**
 * The datagrams of one link: its channel, made with the first TLS connection and given a new epoch by each later one, and its
 * flows, which are there also where UDP is not.
 *
 * Told of the link's connections by whoever makes them; knows neither links nor routes. Owns the channel, not the sockets.
 */
import type { Held } from '../memory.ts';
import type { Role } from '../resume/proof.ts';
import type { SecureStream } from '../secure-stream.ts';
import { DatagramChannel } from './channel.ts';
import type { ChannelPath } from './channel-options.ts';
import type { ChannelStats } from './channel-stats.ts';
import { DatagramFlows } from './flows.ts';
import { datagramSecretOf, datagramSessionId } from './keys.ts';
import type { ChannelState } from './prober.ts';
import type { DatagramSockets } from './sockets.ts';

/** What is asked of a TLS connection. */
export type LinkConnection = Pick<
  SecureStream,
  'exportKeyingMaterial' | 'remoteAddress' | 'remotePort' | 'localAddress'
>;

export interface LinkDatagramsOptions {
  /** Of the session under resumption. */
  readonly role: Role;
  /** Undefined: datagrams go over streams. */
  readonly sockets: DatagramSockets | undefined;
  /** Of the session under resumption, which calls the channel's: the link may be up at either end over a later one. Absent = that is it. */
  readonly first?: LinkConnection;
  readonly onStateChange?: (state: ChannelState) => void;
  /** Where it is told what datagrams hold; absent = nowhere. */
  readonly memory?: Held;
}

export class LinkDatagrams {
  readonly flows: DatagramFlows;
  readonly #options: LinkDatagramsOptions;
  readonly #id: Buffer | undefined;
  #channel: DatagramChannel | undefined;
  #closed = false;

  constructor(options: LinkDatagramsOptions) {
    this.#options = options;
    this.flows = new DatagramFlows(options.memory);
    if (options.sockets !== undefined && options.first !== undefined) this.#id = idOf(options.first);
  }

  /** 'direct' over UDP; 'blocked', or not known yet: over streams. */
  get state(): ChannelState {
    return this.#channel?.state ?? 'blocked';
  }

  /** Undefined without a channel. */
  get stats(): ChannelStats | undefined {
    return this.#channel?.stats;
  }

  /**
   * The link has a connection. That it is lost again, or that there is no socket to be had, is told elsewhere, and ends nothing here.
   *
   * @param epoch its number in the resumable pipe (`session.epochs.current`), the same at both ends
   * @param dialed by this end, which then knows where the peer's port is
   */
  connected(connection: LinkConnection, epoch: number, dialed: boolean): void {
    const { sockets } = this.#options;
    if (sockets === undefined || this.#closed) return;
    const known = knownOf(connection, dialed, sockets);
    if (known === undefined) return;
    const { secret, path } = known;
    if (this.#channel === undefined) this.#channel = this.#begin(sockets, secret, epoch, path);
    else this.#channel.newEpoch(secret, epoch, path);
    secret.fill(0);
  }

  /** The link is over. */
  close(): void {
    this.#closed = true;
    if (this.#channel !== undefined) this.#options.sockets?.remove(this.#channel);
    this.#channel?.close();
    this.flows.channel = undefined;
  }

  #begin(sockets: DatagramSockets, secret: Buffer, epoch: number, path: ChannelPath): DatagramChannel {
    const { role, memory, onStateChange = () => {} } = this.#options;
    const channel = new DatagramChannel({
      ...path,
      role,
      secret,
      ...(this.#id !== undefined && { id: this.#id }),
      epoch,
      ...(memory !== undefined && { memory }),
      onStateChange,
      onDatagram: this.flows.deliver,
      onFlushDue: sockets.due,
      aead: sockets.aead,
    });
    sockets.add(channel);
    this.flows.channel = channel;
    return channel;
  }
}

interface Known {
  readonly secret: Buffer;
  readonly path: ChannelPath;
}

/** @returns undefined when it is gone already, or this machine has no socket for it: the next connection may tell */
function knownOf(connection: LinkConnection, dialed: boolean, sockets: DatagramSockets): Known | undefined {
  try {
    return { secret: datagramSecretOf(connection), path: pathOf(connection, dialed, sockets) };
  } catch {
    return undefined;
  }
}

/** @returns undefined when it is gone already */
function idOf(connection: LinkConnection): Buffer | undefined {
  try {
    return datagramSessionId(datagramSecretOf(connection));
  } catch {
    return undefined;
  }
}

function pathOf(connection: LinkConnection, dialed: boolean, sockets: DatagramSockets): ChannelPath {
  const { remoteAddress, remotePort: port, localAddress } = connection;
  if (!dialed) return localAddress === undefined ? {} : { local: plain(localAddress) };
  // Gone already: the next connection will tell.
  if (remoteAddress === undefined || port === undefined) return {};
  return { remote: sockets.towards({ host: plain(remoteAddress), port }) };
}

/** IPv4 within IPv6 is IPv4: no UDP socket here is both. */
const plain = (host: string): string => host.replace(/^::ffff:(?=[\d.]+$)/i, '');
