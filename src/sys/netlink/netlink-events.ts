/**
 * What the kernel tells by itself of changes in one network namespace. Whoever listens looks now and then: that costs a system
 * call, and needs no thread that waits.
 */
import { AF_NETLINK, MSG_DONTWAIT, MSG_TRUNC, SOCK_RAW } from '../constants.ts';
import { check, Errno } from '../errno.ts';
import type { OwnedFd } from '../fd.ts';
import { recvBytes } from '../libc.ts';
import type { NetNamespace } from '../netns.ts';
import { bindBytes, setOption, socketIn } from '../sockets.ts';
import { decodeMessages, type Message } from './wire.ts';

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
/** Groups of messages, by the number of their netlink protocol. */
export const Group = { link: 1, address: 5, route: 7, firewall: 7, mapping: 8 } as const;

const RECEIVE_BYTES = 64 * 1024;
/** Of one look: a router that learns a million routes must not stop the event loop. */
const DATAGRAMS_MAX = 64;

/** For all looks of one who listens in many places: mostly there is nothing to be put into it. */
export const receiveBuffer = (): Buffer => Buffer.allocUnsafeSlow(RECEIVE_BYTES);

export interface Heard {
  readonly messages: readonly Message[];
  /** There was more than fitted in between: anything may have happened. */
  readonly lost: boolean;
}

export class NetlinkEvents implements Disposable {
  readonly #socket: OwnedFd;

  /** @throws {SyscallError} EPROTONOSUPPORT when the kernel has no such part, EMFILE */
  constructor(protocol: number, groups: readonly number[], namespace?: NetNamespace) {
    this.#socket = socketIn(namespace, AF_NETLINK, SOCK_RAW, protocol);
    try {
      // Without an address of its own it would pass for the kernel, which does not tell itself.
      const own = Buffer.alloc(12);
      own.writeUInt16LE(AF_NETLINK, 0);
      bindBytes(this.#socket.fd, own);
      for (const group of groups) setOption(this.#socket.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
  }

  /** What came since the last look. @param scratch see {@link receiveBuffer}; nothing of it is kept */
  look(scratch: Buffer): Heard {
    const messages: Message[] = [];
    for (let count = 0; count < DATAGRAMS_MAX; count += 1) {
      const bytes = scratch.subarray(0, RECEIVE_BYTES);
      const length = recvBytes(this.#socket.fd, bytes, MSG_DONTWAIT | MSG_TRUNC);
      if (length === -Errno.EAGAIN) return { messages, lost: false };
      if (length === -Errno.ENOBUFS || length > RECEIVE_BYTES) return { messages, lost: true };
      messages.push(...decodeMessages(Buffer.from(bytes.subarray(0, check('recv', length)))));
    }
    return { messages, lost: true };
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}
