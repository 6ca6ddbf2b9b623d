/**
 * No pacing on connections that do not leave the machine, or the rack.
 *
 * BBR sends by a timer, and over a wide area that is its merit. On a short way 64 KiB are there long before the timer, and each timer is an
 * interrupt: a relay moves half as much for twice the work (docs/design/0005-pacing.md). So where the system's algorithm is such a one,
 * sockets begin with Reno, which every kernel has and lets anybody use, and those that turn out to lead far are given the system's
 * once they are connected. Not the other way round: the kernel never stops pacing a socket that it has begun to pace
 * (`sk_pacing_status` in include/net/sock.h). Where the system's does not pace, none of this does anything.
 */
import { performance } from 'node:perf_hooks';
import { AF_INET, IPPROTO_TCP, SOCK_CLOEXEC, SOCK_STREAM, TCP_CONGESTION, TCP_INFO } from './constants.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';

/** Round trip in µs up to which a connection counts as near: within a machine it is some 50, within a rack some 300. */
const nearUs = 1_000;
/** Milliseconds after which the system is asked anew. */
const freshMs = 10_000;
/** TCP_CA_NAME_MAX, the end included (include/net/tcp.h). */
const nameBytes = 16;
/** Of `tcpi_rtt` in struct tcp_info (linux/tcp.h), and the end of it. */
const rttAt = 68;
const rttEnd = 72;

const value = new NativeMemory(rttEnd + 8);
const lengthAt = rttEnd;
const unpaced = new NativeMemory(nameBytes);
/** The system's; written over each time, because such memory is never freed. */
const system = new NativeMemory(nameBytes);
unpaced.buffer.write('reno', 'latin1');

let paces = false;
let freshUntil = 0;

/** Before the socket connects or listens; what a listener accepts inherits it. No effect on others than TCP. */
export function startUnpaced(fd: number): void {
  if (systemPaces()) put(fd, unpaced);
}

/** Of a connection that began so: it goes on with the system's algorithm when it leads far, or when nobody knows yet. */
export function paceIfFar(fd: number, nearestUs = nearUs): void {
  if (!systemPaces()) return;
  value.view.setUint32(lengthAt, rttEnd, true);
  if (libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, value.address, value.address + lengthAt) < 0) return;
  const rtt = value.view.getUint32(rttAt, true);
  if (rtt === 0 || rtt > nearestUs) put(fd, system);
}

/** Name of the algorithm of a TCP socket: 'cubic'; '' of any other descriptor. */
export function congestionOf(fd: number): string {
  value.view.setUint32(lengthAt, nameBytes, true);
  if (libc.getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, value.address, value.address + lengthAt) < 0) return '';
  return value.buffer.toString('latin1', 0, nameBytes).split('\0', 1)[0] as string;
}

/** For tests, which change what the system has. */
export function forgetSystem(): void {
  freshUntil = 0;
}

/** As the namespace of this thread has it. */
function systemPaces(): boolean {
  const now = performance.now();
  if (now < freshUntil) return paces;
  freshUntil = now + freshMs;
  const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return paces;
  const name = congestionOf(fd);
  libc.close(fd);
  system.buffer.fill(0).write(name, 'latin1');
  // bbr, and what will come after it: bbr2, bbr3.
  paces = name.startsWith('bbr');
  return paces;
}

/** A socket that has just died is no news. */
function put(fd: number, name: NativeMemory): void {
  libc.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.address, nameBytes);
}
