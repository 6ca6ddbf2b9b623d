/**
 * What only root on Linux can: reach targets in a namespace or in another root.
 *
 * Sockets are made and connected by hand, and then given to libuv. On one machine a connection stands, or is refused,
 * when connect(2) returns; otherwise libuv waits. Loaded only when wanted, because native calls are.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { paceIfFar } from '../../sys/congestion.ts';
import { check, Errno, SyscallError } from '../../sys/errno.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { close } from '../../sys/libc.ts';
import { formatIp } from '../../sys/sockaddr.ts';
import { localEndpoint } from '../../sys/sockets.ts';
import type { UpstreamTarget } from '../route.ts';
import { Dialer, type DialTarget } from '../target/dialer.ts';
import { isItsOwnPeer } from '../target/own-peer.ts';
import { TargetSet } from '../target/target-set.ts';
import { toWire } from '../wire-targets.ts';
import { endpointText } from './listen-address.ts';
import { type Patience, patiently } from './patience.ts';
import { adopt, look } from './socket.ts';

/** The targets of one route, with the descriptors that they need. */
export class RawTargets {
  readonly #set = new TargetSet();

  /**
   * Copies what `targets` borrow, and gives up those before.
   *
   * @returns targets that {@link Raw} can dial, until the next call
   */
  replace(targets: readonly UpstreamTarget[]): readonly UpstreamTarget[] {
    return this.#set.replace(toWire(targets));
  }

  close(): void {
    this.#set.close();
  }
}

/** A dial that was begun by hand. */
export interface BegunDial {
  /** The caller's. */
  readonly fd: number;
  readonly connected: boolean;
  /** Address of our end, as text; empty when it has none yet, or never. */
  readonly local: string;
}

/** Of one plane. Targets are those of a {@link RawTargets}. */
export class Raw implements Disposable {
  readonly #dialer = new Dialer();

  /** For a route. */
  readonly targets = (): RawTargets => new RawTargets();

  /** @throws {SyscallError} named as node:net would: ECONNREFUSED, ENOENT, … */
  async dial(target: UpstreamTarget, patience: Patience): Promise<Socket> {
    const prepared = target as DialTarget;
    const fd = this.#dialer.dial(prepared);
    if (fd < 0) throw refusal(-fd, target);
    const socket = new OwnedFd(fd);
    const state = this.#dialer.connected ? 0 : this.#dialer.look(fd, prepared);
    if (state === -Errno.EINPROGRESS) return whenConnected(socket, target, patience);
    const selfish = state === 0 && target.address.kind === 'ip' && isItsOwnPeer(fd);
    if (state === 0 && !selfish) return adopt(socket);
    socket[Symbol.dispose]();
    throw refusal(selfish ? Errno.ECONNREFUSED : -state, target);
  }

  /**
   * Begins to connect to `target`.
   *
   * @returns undefined when it is refused at once
   */
  begin(target: UpstreamTarget): BegunDial | undefined {
    const prepared = target as DialTarget;
    const { address } = target;
    const fd = this.#dialer.dial(prepared);
    if (fd < 0) return undefined;
    const state = this.#dialer.connected ? 0 : this.#dialer.look(fd, prepared);
    if (state === -Errno.EINPROGRESS) {
      paceIfFar(fd);
      return { fd, connected: false, local: '' };
    }
    if (state === 0 && address.kind !== 'ip') return { fd, connected: true, local: '' };
    const local = state === 0 ? localEndpoint(fd) : undefined;
    // Only a port that was dialed can have met itself.
    const selfish = address.kind === 'ip' && local?.port === address.port && isItsOwnPeer(fd);
    if (state === 0 && !selfish) return { fd, connected: true, local: endpointText(local?.host, local?.port) };
    close(fd);
    return undefined;
  }

  /**
   * Starts to connect a datagram socket to `target`; `connected` is called later, with an error or without.
   *
   * @returns the socket, owned by the caller
   * @throws {SyscallError} EMFILE, …
   */
  connectDatagram(target: UpstreamTarget, connected: (error?: Error) => void): DatagramSocket {
    const { address } = target;
    if (address.kind !== 'ip') throw new SyscallError('connect', Errno.EINVAL);
    const { host, port } = address;
    const fd = check('socket', this.#dialer.datagramSocket(target as DialTarget));
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind({ fd, exclusive: true });
    socket.connect(port, host, connected);
    return socket;
  }

  /** As {@link connectDatagram}, at once and as a descriptor, the caller's. @throws {SyscallError} EMFILE, ENETUNREACH, … */
  dialDatagram(target: UpstreamTarget): OwnedFd {
    const fd = this.#dialer.dialDatagram(target as DialTarget);
    if (fd < 0) throw refusal(-fd, target);
    return new OwnedFd(fd);
  }

  [Symbol.dispose](): void {
    this.#dialer[Symbol.dispose]();
  }
}

/** The connection, or why there is none. @param made owned from now on */
function whenConnected(made: OwnedFd, target: UpstreamTarget, patience: Patience): Promise<Socket> {
  return patiently(patience, (connected, refuse) => {
    const { fd } = made;
    const socket = adopt(made, true);
    look(socket, (error) => {
      // libuv's numbers are negative
      if (error !== undefined) refuse(refusal(-(error.errno ?? -Errno.ECONNABORTED), target));
      else if (target.address.kind === 'ip' && isItsOwnPeer(fd)) refuse(refusal(Errno.ECONNREFUSED, target));
      else {
        if (target.address.kind === 'ip') paceIfFar(fd);
        connected(socket);
      }
    });
    return () => socket.destroy();
  });
}

/** As node:net says it: `connect ECONNREFUSED 127.0.0.1:80`. @param errno positive */
function refusal(errno: number, { address }: UpstreamTarget): Error {
  const where = address.kind === 'ip' ? formatIp(address) : address.kind === 'unix' ? address.path : '';
  const error = new SyscallError('connect', errno);
  error.message = `connect ${error.code} ${where}`;
  return error;
}
