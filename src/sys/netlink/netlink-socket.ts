/**
 * A netlink socket: asks the kernel of one network namespace, one request at a time.
 *
 * The kernel works on a request within send(2), which may take long (it loads a module, or waits for a lock), so sending is done on
 * a thread of the pool; the namespace is that in which the socket was made. What it answers is there when send(2) returns, and
 * a dump goes on with each recv(2), so nothing here ever waits for an answer. See netlink(7).
 */
import { AF_NETLINK, MSG_DONTWAIT, MSG_TRUNC, SOCK_RAW } from '../constants.ts';
import { check, Errno } from '../errno.ts';
import type { OwnedFd } from '../fd.ts';
import * as libc from '../libc.ts';
import type { NetNamespace } from '../netns.ts';
import { connectBytes, setOption, socketIn } from '../sockets.ts';
import { errorOf, NetlinkError } from './netlink-error.ts';
import { makeRoom } from './send-room.ts';
import {
  decodeMessages,
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Request,
} from './wire.ts';

/** Which part of the kernel to talk to. */
export const NETLINK_ROUTE = 0;
export const NETLINK_XFRM = 6;
export const NETLINK_NETFILTER = 12;
export const NETLINK_GENERIC = 16;

const SOL_NETLINK = 270;
/** Errors without the request's body, which may hold keys. */
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
/** Dumps are filtered by the kernel as asked. */
const NETLINK_GET_STRICT_CHK = 12;

/** The kernel makes datagrams of at most 32 KiB, of a dump; more only for one message that is larger. */
const RECEIVE_BYTES = 64 * 1024;
/** A dump during which something changed is begun anew, this often. */
const DUMP_TRIES = 4;
/** Of one dump. */
const MESSAGES_MAX = 200_000;

export class NetlinkSocket implements Disposable {
  readonly #socket: OwnedFd;
  #sequence = 0;
  #changes = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #underway = false;
  #over = false;

  /**
   * @param namespace absent = the calling thread's
   * @throws {SyscallError} EPROTONOSUPPORT when the kernel has no such part, EMFILE, EPERM
   */
  constructor(protocol: number, namespace?: NetNamespace) {
    this.#socket = socketIn(namespace, AF_NETLINK, SOCK_RAW, protocol);
    try {
      setOption(this.#socket.fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
      setOption(this.#socket.fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
      setOption(this.#socket.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
      connectKernel(this.#socket.fd);
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
  }

  /** Grows when something was asked to be done, before and after. */
  get changes(): number {
    return this.#changes;
  }

  /** Asks for one thing to be done. @throws {NetlinkError} */
  async ask(request: Request): Promise<void> {
    await this.#change([request], 1);
  }

  /** Asks for one thing to be told. @throws {NetlinkError} ENODATA when the kernel says nothing */
  async get(request: Request): Promise<Buffer> {
    const answers: Buffer[] = [];
    await this.#inTurn(() => this.#exchange([request], NLM_F_ACK, 1, ({ body }) => void answers.push(body)));
    const [first] = answers;
    if (first === undefined) throw new NetlinkError(request.what, Errno.ENODATA);
    return first;
  }

  /**
   * Asks for everything of a kind; `read` makes a value of each message, or undefined when it does not matter. Then the message is
   * overwritten, which may have keys.
   *
   * @throws {NetlinkError}
   */
  async dump<T>(request: Request, read: (message: Message) => T | undefined): Promise<T[]> {
    for (let tries = 1; ; tries += 1) {
      const found: T[] = [];
      let changed = false;
      // The request is zeroed once it was sent, so each try sends a copy.
      const copy = { ...request, body: Buffer.from(request.body) };
      await this.#inTurn(() =>
        this.#exchange([copy], NLM_F_DUMP, 1, (message) => {
          changed ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
          const value = read(message);
          message.body.fill(0);
          if (value !== undefined) found.push(value);
          if (found.length > MESSAGES_MAX) throw new NetlinkError(request.what, Errno.EMSGSIZE);
        }),
      );
      if (!changed || tries === DUMP_TRIES) return found;
    }
  }

  /**
   * Asks for several things, all or none of them: nf_tables alone has such transactions.
   *
   * @param begin, end the brackets, which the kernel does not acknowledge
   * @throws {NetlinkError} of the first that was refused
   */
  async batch(begin: Request, requests: readonly Request[], end: Request): Promise<void> {
    await this.#change([begin, ...requests, end], requests.length);
  }

  async #change(requests: readonly Request[], ends: number): Promise<void> {
    this.#changes += 1;
    try {
      await this.#inTurn(() => this.#exchange(requests, NLM_F_ACK, ends, () => undefined));
    } finally {
      this.#changes += 1;
    }
  }

  /** One after the other, whatever became of the one before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    return turn;
  }

  /** @param ends how many acknowledgements, or ends of a dump, there are to come */
  async #exchange(
    requests: readonly Request[],
    flags: number,
    ends: number,
    onMessage: (message: Message) => void,
  ): Promise<void> {
    const first = this.#sequence + 1;
    const bracketed = requests.length > 1;
    const encoded = requests.map((request, index) => {
      const bracket = bracketed && (index === 0 || index === requests.length - 1);
      return encodeMessage(request, NLM_F_REQUEST | (bracket ? 0 : flags), first + index);
    });
    this.#sequence += requests.length;
    this.#underway = true;
    try {
      await this.#send(encoded, requests);
      const whatOf = (sequence: number): string => requests[sequence - first]?.what ?? 'netlink';
      this.#receive(first, ends, whatOf, onMessage);
    } finally {
      this.#underway = false;
      if (this.#over) this.#socket[Symbol.dispose]();
    }
  }

  async #send(encoded: readonly Buffer[], requests: readonly Request[]): Promise<void> {
    const bytes = Buffer.concat(encoded);
    makeRoom(this.#socket.fd, bytes.length, requests[0]?.what ?? 'netlink');
    const sent = await new Promise<number>((resolve) => libc.sendLater(this.#socket.fd, bytes, 0, resolve));
    for (const used of [bytes, ...encoded, ...requests.map(({ body }) => body)]) used.fill(0);
    if (sent < 0) throw new NetlinkError(requests[0]?.what ?? 'netlink', -sent);
  }

  #receive(
    first: number,
    ends: number,
    whatOf: (sequence: number) => string,
    onMessage: (message: Message) => void,
  ): void {
    let left = ends;
    let failure: unknown;
    while (left > 0) {
      const datagram = this.#next();
      // The kernel has said all that it has to say; of a transaction that was refused that is less than there are requests.
      if (datagram === undefined) break;
      for (const message of decodeMessages(datagram)) {
        // Of an earlier request whose answers were not read to their end.
        if (message.sequence < first || message.sequence > this.#sequence) continue;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          failure ??= errorOf(message, whatOf(message.sequence));
          left -= 1;
        } else {
          try {
            onMessage(message);
          } catch (error) {
            failure ??= error;
          }
        }
      }
    }
    if (failure !== undefined) throw failure;
    if (left > 0) throw new NetlinkError(whatOf(first), Errno.EPROTO);
  }

  /** The next datagram, undefined when there is none. */
  #next(): Buffer | undefined {
    const bytes = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
    const length = libc.recvBytes(this.#socket.fd, bytes, MSG_DONTWAIT | MSG_TRUNC);
    if (length === -Errno.EAGAIN) return undefined;
    check('recv', length);
    if (length > RECEIVE_BYTES) throw new NetlinkError('netlink', Errno.EMSGSIZE);
    return bytes.subarray(0, length);
  }

  /** After the request that is under way: a thread is about to use the number, which may be somebody else's by then. Later ones fail. */
  [Symbol.dispose](): void {
    this.#over = true;
    if (!this.#underway) this.#socket[Symbol.dispose]();
  }
}

/** From then on the socket takes messages of the kernel alone, of no process that is root in the same namespace. */
function connectKernel(fd: number): void {
  const kernel = Buffer.alloc(12);
  kernel.writeUInt16LE(AF_NETLINK, 0);
  connectBytes(fd, kernel);
}
