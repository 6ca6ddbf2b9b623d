/**
 * Echo requests, RFC 792: how long a way takes, and how large a packet gets through it. See raw(7), icmp(7).
 *
 *   answer   IP header (its length in its first byte) · type:1 code:1 checksum:2 · id:2 sequence:2 · payload
 */
import { randomInt } from 'node:crypto';
import { AF_INET, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, IPPROTO_IP, SOCK_RAW } from './constants.ts';
import { check, Errno } from './errno.ts';
import type { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import type { NetNamespace } from './netns.ts';
import { Readiness, type Watched } from './readiness.ts';
import { connectIp, getOption, setOption, socketIn } from './sockets.ts';

const IPPROTO_ICMP = 1;
const IP_MTU = 14;
const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;
/** Bytes of the smallest IP header, and of ICMP's. */
const IP_HEADER = 20;
const ICMP_HEADER = 8;
const LARGEST = 65_535;

/** Packets are made and read at once, so one place does for all of them. */
const memory = new NativeMemory(LARGEST);
const readiness = new Readiness();

export class Echo implements Disposable {
  readonly #socket: OwnedFd;
  readonly #watched: Watched;
  readonly #id = randomInt(0x1_0000);
  #sequence = 0;
  #onAnswer: ((sequence: number) => void) | undefined;

  /** @param host an IPv4 literal @throws {SyscallError} EPERM without CAP_NET_RAW, ENETUNREACH */
  constructor(host: string, namespace?: NetNamespace) {
    this.#socket = socketIn(namespace, AF_INET, SOCK_RAW, IPPROTO_ICMP);
    try {
      connectIp(this.#socket.fd, { host, port: 0 });
      // Never in pieces, whatever is thought of the way.
      setOption(this.#socket.fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
      this.#watched = readiness.add(this.#socket.fd, () => this.#read());
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
    this.#watched.watch();
  }

  /** Bytes of the largest packet, as this host knows the way. */
  get mtu(): number {
    return getOption(this.#socket.fd, IPPROTO_IP, IP_MTU);
  }

  /**
   * There and back once; one at a time.
   *
   * @param bytes of the packet, its headers included
   * @returns milliseconds; undefined when nothing came back in time, or it is too large for this host
   */
  async send(bytes: number, timeoutMs: number): Promise<number | undefined> {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const sequence = this.#sequence;
    const length = Math.max(ICMP_HEADER, bytes - IP_HEADER);
    const packet = memory.buffer.subarray(0, length).fill(0);
    packet.writeUInt8(ECHO_REQUEST, 0);
    packet.writeUInt16BE(this.#id, 4);
    packet.writeUInt16BE(sequence, 6);
    packet.writeUInt16BE(checksum(packet), 2);
    const begun = performance.now();
    const sent = libc.send(this.#socket.fd, memory.address, length, 0);
    if (sent === -Errno.EMSGSIZE) return undefined;
    check('send', sent);
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      this.#onAnswer = (answered) => {
        if (answered !== sequence) return;
        clearTimeout(timer);
        resolve(performance.now() - begun);
      };
    });
  }

  [Symbol.dispose](): void {
    this.#watched.remove();
    this.#socket[Symbol.dispose]();
  }

  /** Raw sockets hear every ICMP packet of that host. */
  #read(): void {
    if (!this.#socket.open) return;
    for (let length = this.#receive(); length >= 0; length = this.#receive()) {
      const packet = memory.buffer.subarray(0, length);
      const at = ((packet[0] ?? 0) & 0x0f) * 4;
      if (length < at + ICMP_HEADER || packet[at] !== ECHO_REPLY || packet.readUInt16BE(at + 4) !== this.#id) continue;
      this.#onAnswer?.(packet.readUInt16BE(at + 6));
    }
    this.#watched.watch();
  }

  #receive(): number {
    return libc.recv(this.#socket.fd, memory.address, LARGEST, 0);
  }
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += at + 1 < bytes.length ? bytes.readUInt16BE(at) : (bytes[at] ?? 0) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
